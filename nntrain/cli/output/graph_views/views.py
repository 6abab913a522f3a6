"""All views of a graph that are text, by the flag that asks for them."""

import json
from collections.abc import Callable, Mapping

from nntrain.artifacts.strict_json import plain
from nntrain.cli.output.graph_views.matrix_view import Derivatives, derivatives_record
from nntrain.cli.output.graph_views.record import record
from nntrain.cli.output.graph_views.table import quiz_view, table_view
from nntrain.cli.output.graph_views.tree_view import tree_view
from nntrain.cli.output.terminal import Page
from nntrain.graph.dot import dot
from nntrain.graph.latex import latex
from nntrain.graph.svg import svg
from nntrain.graph.trace import Trace

VIEWS: Mapping[str, Callable[[Trace, str, Page], str]] = {
    "": table_view,
    "--tree": tree_view,
    "--quiz": quiz_view,
    "--svg": lambda trace, title, page: svg(trace, title),
    "--dot": lambda trace, title, page: dot(trace, title),
    "--latex": lambda trace, title, page: latex(trace),
    "--json": lambda trace, title, page: json.dumps(plain(record(trace, title)), allow_nan=False) + "\n",
}


def draw_view(view: str, trace: Trace, title: str, page: Page) -> str:
    """Return a view as text that ends with a newline."""
    return VIEWS[view](trace, title, page)


def derivatives_json(title: str, found: Derivatives) -> str:
    """Return derivatives as one JSON object that ends with a newline."""
    return json.dumps(plain({"title": title, **derivatives_record(found)}), allow_nan=False) + "\n"
