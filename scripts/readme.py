#!/usr/bin/env python3
"""Write the generated parts of README.md, CONTRIBUTING.md and docs/: tables, maps and recorded sessions.

scripts/readme.py            rewrite what stands between the markers <!-- NAME:begin --> and <!-- NAME:end -->
scripts/readme.py --check    write nothing; exit 1 and show the difference when a table is stale
scripts/readme.py --record   also run the examples in a terminal of 100 columns and take down what it shows;
                             --record NAME… only those, such as promises, which takes minutes
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from documents.sessions import SESSIONS
from documents.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]


def documents() -> dict[Path, str]:
    """Return the text of every page that has generated parts."""
    paths = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
    return {path: path.read_text(encoding="utf-8") for path in paths}


def filled(pages: Mapping[Path, str], generated: Mapping[str, Callable[[], str]]) -> dict[Path, str]:
    """Return the pages with each named region written anew; SystemExit for a region that is missing."""
    new = dict(pages)
    for name, make in generated.items():
        path = page_with(name, new.items())
        before, _, rest = new[path].partition(begin(name))
        _, _, after = rest.partition(end(name))
        new[path] = f"{before}{begin(name)}\n\n{make()}\n\n{end(name)}{after}"
    return new


def page_with(name: str, pages: Iterable[tuple[Path, str]]) -> Path:
    """Return the one page that holds a region; SystemExit when there is none."""
    for path, text in pages:
        if end(name) in text.partition(begin(name))[2]:
            return path
    raise SystemExit(f"the markers {begin(name)} … {end(name)} are on no page")


def begin(name: str) -> str:
    """Return the marker above a region."""
    return f"<!-- {name}:begin -->"


def end(name: str) -> str:
    """Return the marker below a region."""
    return f"<!-- {name}:end -->"


def stale(path: Path, old: str, new: str) -> bool:
    """Show how a page differs from what would be generated; return whether it does."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), name, "generated", lineterm="", n=0):
        print(line)
    if old != new:
        print(f"{name} is stale: run scripts/readme.py", file=sys.stderr)
    return old != new


def main() -> int:
    """Rewrite, check or record; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the generated parts of README.md, CONTRIBUTING.md and docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a table is stale")
    names = f"take down sessions too: {', '.join(SESSIONS)}; without a name all of them"
    parser.add_argument("--record", nargs="*", metavar="NAME", help=names)
    asked = parser.parse_args()
    wanted = () if asked.record is None else asked.record or tuple(SESSIONS)
    if unknown := set(wanted) - set(SESSIONS):
        parser.error(f"--record: no session {', '.join(sorted(unknown))}")
    old = documents()
    new = filled(old, {**{name: SESSIONS[name] for name in wanted}, **TABLES})
    if asked.check:
        return int(sum(stale(path, old[path], new[path]) for path in old) > 0)
    for path, text in new.items():
        if text != old[path]:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
