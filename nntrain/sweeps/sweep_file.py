"""The sweep file: a request written as YAML. Reads it and finds every problem at once; expands nothing."""

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nntrain.errors import SpecError, did_you_mean
from nntrain.spec.merge import OVERRIDES, Override, display_name, read_text
from nntrain.spec.tree import Entry, Mapping, Mark, Node, Origin, Problem, Scalar, is_broken, plain
from nntrain.spec.tree import Sequence as List
from nntrain.spec.yaml_tree import parse
from nntrain.sweeps.axis import Axis, read_axis
from nntrain.sweeps.request import MOST_SEEDS, Block, Draws, Halving, Request, Tpe, conflicts

KEYS = ("base", "set", "method", "seeds", "over", "cases", "rank", "random", "halving", "tpe")
CASE = ("set", "over")
METHODS = ("grid", "random", "halving", "tpe")
RANDOM = {"settings": (1, None), "seed": (0, 0)}  # the least number, and the one without any; None: it must be there
TPE = RANDOM | {"batch": (1, 4)}
FACTOR = {"factor": (2, 3)}
EXAMPLES = {
    "random": "{settings: 40, seed: 0}",
    "halving": "{rungs: [5, 15], factor: 3}",
    "tpe": "{settings: 40, seed: 0, batch: 4}",
}


def is_sweep(path: Path) -> bool:
    """Tell a sweep file, which names its base, from a spec. SpecError when it cannot be read."""
    if str(path) == "-":
        raise SpecError("-: a sweep needs a file: it is read again whenever the sweep goes on")
    node, _ = parse(read_text(path), Origin(display_name(path), path.absolute().parent, OVERRIDES))
    return isinstance(node, Mapping) and "base" in node.entries


def read_request(path: Path) -> Request:
    """Return the request that a sweep file makes. SpecError with every problem."""
    text = read_text(path)
    node, found = parse(text, Origin(display_name(path), path.absolute().parent, OVERRIDES))
    if not isinstance(node, Mapping):
        raise SpecError(*(str(problem) for problem in found), f"{path}: a sweep must be a mapping with `base`")
    reader = _Reader(node, [str(problem) for problem in found])
    request = reader.request(path, text)
    if reader.problems or request is None:
        raise SpecError(*dict.fromkeys(reader.problems))
    return request


@dataclass(slots=True)
class _Reader:
    """Reads the keys of a sweep file and collects what is wrong with them."""

    root: Mapping
    problems: list[str] = field(default_factory=list)

    def request(self, path: Path, text: str) -> Request | None:
        self.known(self.root, KEYS, "")
        base = self.text("base")
        if base is None and "base" not in self.root.entries:
            self.problems.append(f"{display_name(path)}: base: missing; name the spec that the runs have in common")
        blocks, method = self.blocks(), self.choice("method", METHODS) or "grid"
        draws, tpe, halving = self.numbers("random", RANDOM), self.numbers("tpe", TPE), self.halving()
        self.check_method(method)
        fixed, seeds, rank = self.fixed(self.root, "set"), self.seeds(), self.text("rank")
        self.problems += conflicts((), fixed)
        if base is None:
            return None
        place = Path(base).expanduser()
        shown = place if place.is_absolute() else Path(display_name(path)).parent / place
        found = Request(shown, path.stem, text, blocks, fixed=fixed, seeds=seeds, rank=rank, halving=halving)
        return replace(found, draws=Draws(**draws) if draws else None, tpe=Tpe(**tpe) if tpe else None)

    def blocks(self) -> list[Block]:
        """Return the grid of the file itself, if it has one, and then its cases."""
        axes = self.axes(self.root, "over")
        blocks = [Block(axes=axes)] if axes or "cases" not in self.root.entries else []
        cases = self.root.get("cases")
        if isinstance(cases, List) and cases.items:
            for index, case in enumerate(cases.items):
                if isinstance(case, Mapping):
                    where = f"cases.{index}."
                    self.known(case, CASE, where)
                    fixed, own = self.fixed(case, f"{where}set"), self.axes(case, f"{where}over")
                    self.problems += conflicts(own, fixed)
                    blocks.append(Block(fixed, own))
                elif not is_broken(case):
                    self.complain(case.mark, f"cases.{index}", "expected a mapping with `set` and `over`")
        elif cases is not None and not is_broken(cases):
            self.complain(cases.mark, "cases", "expected a list of mappings with `set` and `over`")
        return blocks

    def axes(self, node: Mapping, where: str) -> list[Axis]:
        axes = []
        for key, entry in self.entries(node, where):
            try:
                axes.append(read_axis(key, entry.node, entry.mark))
            except SpecError as error:
                self.problems += error.problems
        self.problems += conflicts(axes, ())
        return axes

    def fixed(self, node: Mapping, where: str) -> list[Override]:
        return [Override(key, entry.node, entry.mark) for key, entry in self.entries(node, where)]

    def entries(self, node: Mapping, where: str) -> list[tuple[str, Entry]]:
        """Return the entries below the last part of ``where``, none if it is missing."""
        below = node.get(where.rpartition(".")[2])
        if isinstance(below, Mapping):
            return list(below.entries.items())
        if below is not None and not is_broken(below):
            self.complain(below.mark, where, "expected a mapping of keys such as optimizer.lr")
        return []

    def seeds(self) -> Sequence[int] | None:
        node = self.root.get("seeds")
        if node is None or is_broken(node):
            return None
        value = plain(node)
        if type(value) is int and 1 <= value <= MOST_SEEDS:
            return range(value)
        listed = isinstance(value, list) and value and all(type(seed) is int and seed >= 0 for seed in value)
        if not listed or len(set(value)) < len(value):
            self.complain(node.mark, "seeds", f"expected how many, or a list of different whole numbers, got {value!r}")
            return None
        return tuple(value)

    def check_method(self, method: str) -> None:
        """Complain about a method without its options, and of options of another one."""
        entries = self.root.entries
        for name, example in EXAMPLES.items():
            if name == method and name not in entries:
                self.complain(entries["method"].mark, name, f"missing; e.g. {name}: {example}")
            if name in entries and name != method and (name, method) != ("random", "halving"):
                self.complain(entries[name].mark, name, f"is for `method: {name}`")
        for name in ("random", "tpe"):
            if name in entries and "cases" in entries:
                self.complain(entries["cases"].mark, "cases", f"not with `{name}`; use a sweep file each")

    def halving(self) -> Halving | None:
        node = self.root.get("halving")
        if not isinstance(node, Mapping):
            self.need_block("halving", node)
            return None
        rungs = plain(node.entries["rungs"].node) if "rungs" in node.entries else None
        factor = self.numbers("halving", FACTOR, others=("rungs",))
        if isinstance(rungs, list) and rungs and all(type(rung) is int for rung in rungs):
            return None if factor is None else Halving(rungs, **factor)
        got = "" if rungs is None else f", got {rungs!r}"
        self.complain(node.mark, "halving.rungs", f"expected epochs at which runs pause, e.g. [5, 15]{got}")
        return None

    def numbers(
        self, name: str, keys: AnyMapping[str, tuple[int, int | None]], others: Sequence[str] = ()
    ) -> dict[str, int] | None:
        """Return the whole numbers of a block, None without the block or with a problem."""
        node, found, known = self.root.get(name), {}, len(self.problems)
        if not isinstance(node, Mapping):
            self.need_block(name, node)
            return None
        self.known(node, (*keys, *others), f"{name}.")
        for key, (least, default) in keys.items():
            below = node.get(key)
            value = default if below is None else plain(below)
            if type(value) is not int or value < least:
                got = "" if below is None else f", got {value!r}"
                self.complain(node.mark, f"{name}.{key}", f"expected a whole number from {least} on{got}")
            else:
                found[key] = value
        return found if len(self.problems) == known else None

    def need_block(self, name: str, node: Node | None) -> None:
        if node is not None and not is_broken(node):
            self.complain(node.mark, name, f"expected a mapping, e.g. {EXAMPLES[name]}")

    def text(self, key: str) -> str | None:
        node = self.root.get(key)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        if node is not None and not is_broken(node):
            self.complain(node.mark, key, f"expected text, got {plain(node)!r}")
        return None

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        word = self.text(key)
        if word is not None and word not in choices:
            self.complain(self.root.entries[key].mark, key, f"unknown, got '{word}'{did_you_mean(word, choices)}")
        return word

    def known(self, node: Mapping, keys: Sequence[str], where: str) -> None:
        for key in node.entries:
            if key not in keys:
                self.complain(node.entries[key].mark, f"{where}{key}", f"no such key{did_you_mean(key, keys)}")

    def complain(self, mark: Mark, path: str, text: str) -> None:
        self.problems.append(str(Problem(mark, path, text)))
