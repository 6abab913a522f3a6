"""A table for LaTeX that needs no package; every sign of a cell is shown as it is."""

from collections.abc import Sequence

SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": "$-$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a tabular; columns whose names begin with > are flush right."""
    columns = "".join("r" if name.startswith(">") else "l" for name in header)
    names = [name.removeprefix(">") for name in header]
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\hline", _line(names), r"\hline", *map(_line, rows), r"\hline"]
    return "\n".join([*lines, r"\end{tabular}"])


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(''.join(SIGNS.get(sign, sign) for sign in cell) for cell in cells)} \\\\"
