"""A table that fits its page: the last columns go first, and a line says which. Knows nothing of what it shows."""

from collections.abc import Sequence

from nntrain.cli.output.terminal import BOLD, DIM, Page, out, plain

GAP = "  "
FEWEST = 2  # columns that stay however narrow the page is


def show_columns(header: Sequence[str], rows: Sequence[Sequence[str]], *, bold: int | None = None) -> None:
    """Write a table to stdout; columns whose names begin with > hold figures. ``bold`` is the row that matters."""
    page = Page.stdout()
    for line in column_lines(header, rows, page, bold=bold):
        out(line)


def column_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], page: Page, *, bold: int | None = None
) -> list[str]:
    """Return the lines of a table: names, a rule, the rows, and what was left out."""
    names = [name.removeprefix(">") for name in header]
    right = [name.startswith(">") for name in header]
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    shown = len(names)
    while shown > FEWEST and _total(widths[:shown]) > page.columns:
        shown -= 1
    lines = [page.apply_style(_line(names, widths, right, shown), BOLD)]
    lines.append(page.apply_style(("─" if page.unicode else "-") * _total(widths[:shown]), DIM))
    for index, row in enumerate(cells):
        line = _line(row, widths, right, shown)
        lines.append(page.apply_style(line, BOLD) if index == bold else line)
    if shown < len(names):
        lines.append(page.apply_style(f"not shown for want of room: {', '.join(names[shown:])}", DIM))
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], shown: int) -> str:
    texts = [
        f"{cell:>{width}}" if flush else f"{cell:<{width}}"
        for cell, width, flush in zip(cells, widths, right, strict=True)
    ]
    return GAP.join(texts[:shown]).rstrip()


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)
