"""``nntrain graph``: a computational graph, of a formula or of a spec's network, forward and backward."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Overrides
from nntrain.cli.given_path import is_spec, need_spec, what_is

if TYPE_CHECKING:
    from nntrain.graph import FormulaError, Trace

LONGEST = 60  # columns of a formula that are shown above a caret


def graph(
    source: Annotated[
        str, typer.Argument(metavar="FORMULA|CONFIG", help='A formula such as "(x + y) * z", or a spec.')
    ],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Of each variable: x=-2, W=[[1,2],[3,4]].")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=0, metavar="N", help="The training example that a spec's network sees."),
    ] = None,
    overrides: Overrides = None,
    tree: Annotated[bool, typer.Option("--tree", help="Draw it in the terminal.")] = False,
    svg: Annotated[bool, typer.Option("--svg", help="Draw it as a picture.")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="Write it for Graphviz.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Write the equations for LaTeX.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    step: Annotated[bool, typer.Option("--step", help="Wait at each node, forward then backward.")] = False,
    quiz: Annotated[
        Path | None, typer.Option("--quiz", metavar="FILE", help="Leave blanks; write the answers to a new file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the view there instead of to stdout.")
    ] = None,
) -> None:
    """Walk through a computational graph, forward and backward.

    Every node with its value, the local derivative on each edge, the gradient, and a numerical check.
    A formula that begins with a minus comes after --.
    """
    from nntrain.artifacts import durable
    from nntrain.cli.output.graph_views.views import draw_view
    from nntrain.cli.output.graph_views.walk import walk
    from nntrain.cli.output.terminal import Page, out, say

    flags = {"--tree": tree, "--svg": svg, "--dot": dot, "--latex": latex, "--json": as_json, "--step": step}
    view = _only_one(flags | {"--quiz": quiz is not None})
    trace, title = _trace_source(source, values or [], sample, overrides or [])
    if step:
        walk(trace, title)
        return
    if quiz is not None:
        _write_answers(quiz, draw_view("", trace, title, Page()))
        say(f"{quiz}: the answers")
    text = draw_view(view, trace, title, Page.stdout() if output is None else Page())
    if output is None:
        out(text.removesuffix("\n"))
    else:
        durable.write_bytes(output, text.encode())
        out(f"{output}: written")


def _only_one(flags: dict[str, bool]) -> str:
    """Return the flag that is set, empty for none."""
    from nntrain.errors import SpecError

    chosen = [flag for flag, wanted in flags.items() if wanted]
    if len(chosen) > 1:
        raise SpecError(f"{', '.join(chosen)}: choose one view")
    return "".join(chosen)


def _trace_source(source: str, values: list[str], sample: int | None, overrides: list[str]) -> "tuple[Trace, str]":
    """Return the graph with all its values and gradients, and its title."""
    if what_is(Path(source)) in ("run", "runs", "checkpoint"):
        need_spec(Path(source))
    if sample is None and not is_spec(Path(source)):
        return _formula(source, values, overrides)
    from nntrain.cli.output.terminal import plain
    from nntrain.errors import SpecError
    from nntrain.inspection.network_graph import sample_graph
    from nntrain.runs import prepare_run
    from nntrain.runs.assembly import IN_FLOAT64
    from nntrain.spec import load

    if values:
        raise SpecError(f"graph: the values of a spec's network come from its data, got {values[0]}")
    ready = prepare_run(load(Path(source), [*overrides, *IN_FLOAT64]))
    found = sample_graph(ready, sample or 0)
    target = f", class {found.target}" if found.target else ""
    title = f"{plain(ready.assembly.spec.name)}: training example {found.row}{plain(target)}, initial parameters"
    return found.trace, title


def _formula(source: str, values: list[str], overrides: list[str]) -> "tuple[Trace, str]":
    from nntrain.cli.output.terminal import plain
    from nntrain.errors import SpecError
    from nntrain.graph import FormulaError, parse, parse_values, trace_graph

    if overrides:
        raise SpecError("--set: there is no spec to change; values of variables are given as name=value")
    try:
        found = parse(source)
        return trace_graph(found, parse_values(values)), f"{found.nodes[found.output].symbol} = {plain(source)}"
    except FormulaError as error:
        raise SpecError(_point_at_error(error, source)) from None


def _point_at_error(error: "FormulaError", formula: str) -> str:
    """Return the message, and below it the formula with a caret under the column of the error."""
    from nntrain.cli.output.terminal import plain

    text = formula if error.source == "formula" else error.source
    if error.column is None or error.column > len(text) + 1:
        return str(error)
    start = max(0, error.column - LONGEST // 2)
    before, after = plain(text[start : error.column - 1]), plain(text[error.column - 1 : start + LONGEST])
    return f"{error}\n  {before}{after}\n  {' ' * len(before)}^"


def _write_answers(path: Path, text: str) -> None:
    """Write the answers where no file is yet: they may be those of another sheet that was handed out."""
    from nntrain.artifacts import durable
    from nntrain.errors import SpecError

    if path.exists() or path.is_symlink():
        raise SpecError(f"{path}: exists already; name another file with --quiz")
    durable.write_bytes(path, text.encode())
