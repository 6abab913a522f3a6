"""Power cuts with reordering: what was not forced to the disk reaches it in any subset. Not a test.

``record`` notes every operation of a process on the files below a folder. ``lay_down`` makes what could lie on the disk
after a cut: all that an fsync had forced, and any part of the rest, lengths without bytes included.
"""

import ast
import os
import random
from pathlib import Path

LINK, WRITE, CUT, RENAME, UNLINK, FSYNC = "link", "write", "cut", "rename", "unlink", "fsync"
TOP = 0  # the number of the folder itself
MODES = ("none", "all", "mixed", "mixed", "mixed", "mixed")  # of what was not forced


def record(root, target):
    """Note in ``target``, when this process ends, what it did to the files below ``root``, an empty folder."""
    done, numbers, files, count = [], {Path(root).stat().st_ino: TOP}, {}, [TOP]
    right = {name: getattr(os, name) for name in ("open", "write", "fsync", "ftruncate", "close", "_exit")}
    right |= {name: getattr(os, name) for name in ("replace", "unlink", "mkdir")}

    def whole(path, dir_fd=None):
        """Return where a path leads, seen from an open folder if one is given; None for what is no path."""
        if not isinstance(path, str | os.PathLike):
            return None
        return Path(path).absolute() if dir_fd is None else Path(f"/proc/self/fd/{dir_fd}").readlink() / path

    def inside(path):
        return path is not None and Path(root) in path.parents

    def number(path):
        return numbers.get(os.lstat(path).st_ino)

    def link(path, is_folder):
        count[0] += 1  # inodes are used again, so each new file has a number of its own
        numbers[os.lstat(path).st_ino] = count[0]
        done.append((LINK, number(path.parent), path.name, count[0], is_folder))

    def open_(path, flags, *more, dir_fd=None):
        place = whole(path, dir_fd)
        ours = inside(place) or place == Path(root)
        there = ours and os.path.lexists(place)
        descriptor = right["open"](path, flags, *more, dir_fd=dir_fd)
        if ours:
            if not there:
                link(place, False)
            files[descriptor] = number(place), bool(flags & os.O_APPEND)
        return descriptor

    def write(descriptor, data):
        written = right["write"](descriptor, data)
        if descriptor in files:
            file, appends = files[descriptor]
            end = os.fstat(descriptor).st_size if appends else os.lseek(descriptor, 0, os.SEEK_CUR)
            done.append((WRITE, file, end - written, bytes(data[:written])))
        return written

    def fsync(descriptor):
        right["fsync"](descriptor)
        if descriptor in files:
            done.append((FSYNC, files[descriptor][0]))

    def ftruncate(descriptor, length):
        right["ftruncate"](descriptor, length)
        if descriptor in files:
            done.append((CUT, files[descriptor][0], length))

    def close(descriptor):
        files.pop(descriptor, None)
        right["close"](descriptor)

    def replace(old, new, *, src_dir_fd=None, dst_dir_fd=None):
        old_place, place = whole(old, src_dir_fd), whole(new, dst_dir_fd)
        file = number(old_place)
        right["replace"](old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if inside(place):
            done.append((RENAME, number(place.parent), old_place.name, place.name, file))

    def unlink(path, *, dir_fd=None):
        place = whole(path, dir_fd)
        right["unlink"](path, dir_fd=dir_fd)
        if inside(place):
            done.append((UNLINK, number(place.parent), place.name))

    def mkdir(path, *more, dir_fd=None):
        right["mkdir"](path, *more, dir_fd=dir_fd)
        if inside(whole(path, dir_fd)):
            link(whole(path, dir_fd), True)

    def leave(status):
        os.open, os.write, os.close = right["open"], right["write"], right["close"]
        Path(target).write_text(ascii(done), encoding="ascii")
        right["_exit"](status)

    os.open, os.write, os.fsync, os.ftruncate, os.close, os._exit = open_, write, fsync, ftruncate, close, leave
    os.replace, os.unlink, os.remove, os.mkdir = replace, unlink, unlink, mkdir


def lay_down(operations, before, chance, root):
    """Make below ``root`` what a power cut right before an operation could leave there."""
    done, mode = operations[:before], chance.choice(MODES)
    forced = {operation[1]: place for place, operation in enumerate(done) if operation[0] == FSYNC}
    kept = _Kept(forced, len(done), mode, chance)
    names, contents = {TOP: {}}, {}
    folders = {TOP} | {operation[3] for operation in done if operation[0] == LINK and operation[4]}
    for place, (kind, node, *what) in enumerate(done):
        if kind in (LINK, RENAME, UNLINK) and kept(node, place):
            entries = names.setdefault(node, {})
            if kind != LINK:
                entries.pop(what[0], None)
            if kind != UNLINK:
                entries[what[0] if kind == LINK else what[1]] = what[1] if kind == LINK else what[2]
        elif kind in (WRITE, CUT):
            data = contents.setdefault(node, bytearray())
            if kept(node, place):
                _apply(kind, data, *what)
            elif kind == WRITE and mode == "mixed" and chance.random() < 0.3:  # the length came, the bytes did not
                end = what[0] + len(what[1])
                data.extend(chance.choice([b"\0", b"\xff"]) * (end - len(data)))
    _make(names, contents, folders, TOP, Path(root))


class _Kept:
    """Whether an operation on a file or folder reached the disk: surely if an fsync came later, else as it happens."""

    def __init__(self, forced, cut, mode, chance):
        self.forced, self.cut, self.mode, self.chance, self.ways = forced, cut, mode, chance, {}

    def __call__(self, node, place):
        last = self.forced.get(node, -1)
        if place < last or self.mode != "mixed":
            return place < last or self.mode == "all"
        way, share = self.ways.setdefault(
            node, (self.chance.choice(["none", "all", "prefix", "subset"]), self.chance.random())
        )
        if way == "subset":
            return self.chance.random() < 0.5
        return way == "all" or (way == "prefix" and place < last + (self.cut - last) * share)


def _apply(kind, data, start, more=b""):
    if kind == CUT:
        del data[start:]
        return
    data.extend(bytes(max(0, start - len(data))))
    data[start : start + len(more)] = more


def _make(names, contents, folders, node, path):
    path.mkdir(exist_ok=True)
    for name, inner in names.get(node, {}).items():
        if inner in folders:
            _make(names, contents, folders, inner, path / name)
        else:
            (path / name).write_bytes(contents.get(inner, b""))


def committed(operations, before):
    """Return the newest step whose checkpoint an fsync of its folder had made sure by then; 0 when there is none."""
    steps, waiting = [0], {}
    for kind, node, *what in operations[:before]:
        if kind == RENAME and what[1].startswith("step-"):
            waiting.setdefault(node, []).append(int(what[1][5:17]))
        elif kind == FSYNC:
            steps += waiting.pop(node, [])
    return max(steps)


def load(path):
    """Return the operations that ``record`` noted."""
    return ast.literal_eval(Path(path).read_text(encoding="ascii"))


def chance(seed):
    """Return a source of chance that gives the same cuts each time."""
    return random.Random(seed)
