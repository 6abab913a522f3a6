"""``nntrain graph``: a computational graph, of a formula or of a spec's network, forward and backward."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from nntrain.cli.arguments import Overrides
from nntrain.cli.given_path import is_spec, need_spec, what_is

if TYPE_CHECKING:
    from nntrain.cli.output.graph_views.matrix_view import Derivatives, Direction
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
    jacobian: Annotated[bool, typer.Option("--jacobian", help="All ∂f/∂x as a matrix, in denominator layout.")] = False,
    hessian: Annotated[bool, typer.Option("--hessian", help="All ∂²f/∂x² as a matrix, with its eigenvalues.")] = False,
    direction: Annotated[
        list[str] | None,
        typer.Option("--direction", metavar="NAME=VALUE", help="∇f · u: u=[1,2] of all entries, or x=1 of a variable."),
    ] = None,
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
    from nntrain.cli.output.graph_views.matrix_view import derivatives_text
    from nntrain.cli.output.graph_views.views import derivatives_json, draw_view
    from nntrain.cli.output.graph_views.walk import walk
    from nntrain.cli.output.terminal import Page, say
    from nntrain.errors import SpecError

    flags = {"--tree": tree, "--svg": svg, "--dot": dot, "--latex": latex, "--json": as_json, "--step": step}
    view = _only_one(flags | {"--quiz": quiz is not None})
    trace, title = _trace_source(source, values or [], sample, overrides or [])
    if jacobian or hessian or direction:
        if view not in ("", "--json"):
            raise SpecError(f"{view}: shows the graph; --jacobian, --hessian and --direction are text or --json")
        found = _derive(trace, jacobian=jacobian, hessian=hessian, direction=direction or [])
        _write(derivatives_json(title, found) if as_json else f"{title}\n\n{derivatives_text(found)}", output)
        return
    if step:
        walk(trace, title)
        return
    if quiz is not None:
        _write_answers(quiz, draw_view("", trace, title, Page()))
        say(f"{quiz}: the answers")
    _write(draw_view(view, trace, title, Page.stdout() if output is None else Page()), output)


def _write(text: str, output: Path | None) -> None:
    """Write a view to stdout or to a file."""
    from nntrain.artifacts import durable
    from nntrain.cli.output.terminal import out

    if output is None:
        out(text.removesuffix("\n"))
    else:
        durable.write_bytes(output, text.encode())
        out(f"{output}: written")


def _derive(trace: "Trace", *, jacobian: bool, hessian: bool, direction: list[str]) -> "Derivatives":
    """Return the derivatives that are asked for. SpecError for what has none."""
    from nntrain.cli.output.graph_views.matrix_view import Derivatives
    from nntrain.errors import SpecError
    from nntrain.graph import FormulaError, matrices

    try:
        return Derivatives(
            trace.graph.nodes[trace.graph.output].symbol,
            matrices.jacobian(trace) if jacobian else None,
            matrices.hessian(trace) if hessian else None,
            _along(trace, direction) if direction else None,
        )
    except FormulaError as error:
        raise SpecError(str(error)) from None


def _along(trace: "Trace", texts: list[str]) -> "Direction":
    """Return the derivative along a direction: u=[…] of all entries in their order, or one part a variable."""
    import numpy as np

    from nntrain.cli.output.graph_views.matrix_view import Direction
    from nntrain.errors import SpecError
    from nntrain.graph import FormulaError, matrices, parse_values

    try:
        given = parse_values(texts)
    except FormulaError as error:
        raise SpecError(f"--direction: {error}") from None
    shapes = {node.symbol: trace.values[node.index].shape for node in trace.graph.nodes if node.is_variable}
    names = matrices.entry_names(trace)
    if list(given) == ["u"] and "u" not in shapes:
        flat = np.ravel(given["u"])
        if flat.size != len(names):
            raise SpecError(f"--direction: u must have {len(names)} entries ({', '.join(names)}), got {flat.size}")
        sizes = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]
        parts = [part.reshape(shape) for part, shape in zip(np.split(flat, sizes), shapes.values(), strict=True)]
        given = dict(zip(shapes, parts, strict=True))
    for name, value in given.items():
        if name not in shapes:
            raise SpecError(
                f"--direction: there is no variable '{name}' (variables: {', '.join(shapes) or 'none'}, or u)"
            )
        if value.shape != shapes[name]:
            raise SpecError(f"--direction: {name} must have the shape {shapes[name]}, got {value.shape}")
    whole = {name: given.get(name, np.zeros(shape)) for name, shape in shapes.items()}
    entries = np.concatenate([np.ravel(part) for part in whole.values()])
    if not entries.any():
        raise SpecError("--direction: must not be 0 in all entries")
    return Direction(names, entries, *matrices.along(trace, whole), tied=bool(trace.ties))


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
        raise_at(error, source)


def raise_at(error: "FormulaError", formula: str) -> NoReturn:
    """Raise SpecError with the message of a formula's error, and below it the formula with a caret at the place."""
    from nntrain.errors import SpecError

    raise SpecError(_point_at_error(error, formula)) from None


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
