"""nntrain graph: every view of the lectures' worked graphs to the letter, and every mistake with its place."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntrain.cli.output.graph_views.table import quiz_view, table_view
from nntrain.cli.output.graph_views.tree_view import tree_view
from nntrain.cli.output.terminal import Page
from nntrain.graph import parse, parse_values, trace_graph
from nntrain.graph.operations import FUNCTIONS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "graph"
PRODUCT = ["(x + y) * z", "x=-2", "y=5", "z=-4"]
NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
SOFTPLUS = ["log(1 + exp(x))", "x=1"]
SQUARES = ["sum((W @ x - y) ** 2)", "W=[[1, 2], [3, 4]]", "x=[1, 2]", "y=[0, 1]"]
MEETING = ["x * x + x * sigmoid(x)", "x=3"]
KINK = ["relu(x) + max(x, y)", "x=0", "y=-1"]
GRAPHS = {
    "product": PRODUCT,
    "neuron": NEURON,
    "softplus": SOFTPLUS,
    "squares": SQUARES,
    "meeting": MEETING,
    "kink": KINK,
}
VIEWS = {"table": [], "tree": ["--tree"], "dot": ["--dot"], "svg": ["--svg"], "latex": ["--latex"]}


def without_rounding(text):
    """Take away the sizes of rounding errors, which depend on the machine."""
    return re.sub(r" +(\de-1\d|0)$", "", re.sub(r"relative error (\de-1\d|0)$", "", text, flags=re.M), flags=re.M)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", GRAPHS)
def test_the_view_is_as_it_was_looked_at(name, view, nntrain):
    result = nntrain("graph", *GRAPHS[name], *VIEWS[view])
    assert (result.status, result.err) == (0, "")
    expected = (GOLDEN / f"{name}.{view}").read_text(encoding="utf-8")
    assert without_rounding(result.out) == without_rounding(expected)


# --- the lectures' numbers -------------------------------------------------------------------------------------------


def figures(nntrain, arguments):
    found = nntrain("graph", *arguments, "--json").json
    nodes = {node["symbol"]: node for node in found["nodes"]}
    return {s: node["value"] for s, node in nodes.items()}, {s: node["gradient"] for s, node in nodes.items()}


def test_the_product(nntrain):
    values, gradients = figures(nntrain, PRODUCT)
    assert values == {"x": -2, "y": 5, "z": -4, "q1": 3, "f": -12}
    assert gradients == {"x": -4, "y": -4, "z": 3, "q1": -4, "f": 1}


def test_the_neuron(nntrain):
    values, gradients = figures(nntrain, NEURON)
    assert round(values["f"], 2) == 0.73
    inputs = {name: round(gradients[name], 2) for name in ("w0", "x0", "w1", "x1", "w2")}
    assert inputs == {"w0": -0.20, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.20}
    assert gradients["1"] is None


def test_softplus(nntrain):
    values, gradients = figures(nntrain, SOFTPLUS)
    assert round(values["f"], 4) == 1.3133
    assert round(gradients["x"], 4) == 0.7311


def test_the_record_has_everything(nntrain):
    found = nntrain("graph", *MEETING, "--json").json
    assert (found["title"], found["formula"], found["output"]) == (
        "f = x * x + x * sigmoid(x)",
        "x * x + x * sigmoid(x)",
        "f",
    )
    node = found["nodes"][0]
    assert (node["symbol"], node["operation"], node["shape"], node["at_kink"]) == ("x", None, [], False)
    assert node["numeric"] == pytest.approx(node["gradient"], rel=1e-9)
    assert 0 <= node["error"] < 1e-9
    ways = [edge for edge in found["edges"] if edge["from"] == "x"]
    assert [(edge["to"], edge["position"]) for edge in ways] == [("q3", 0), ("q2", 0), ("q1", 0), ("q1", 1)]
    assert sum(edge["contribution"] for edge in ways) == pytest.approx(node["gradient"])
    assert ways[0]["local"] * ways[0]["upstream"] == pytest.approx(ways[0]["contribution"])
    assert ways[2]["rule"] == "multiply switches: each input takes the gradient times the other"


# --- what others read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_the_picture_is_well_formed_and_needs_nothing_else(name, nntrain):
    text = nntrain("graph", *GRAPHS[name], "--svg").out
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"href|url\(|@import|<script", text)


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", GRAPHS)
def test_graphviz_reads_the_dot_file(name, nntrain):
    text = nntrain("graph", *GRAPHS[name], "--dot").out
    done = subprocess.run(["dot", "-Tjson0"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    drawn = json.loads(done.stdout)
    record = nntrain("graph", *GRAPHS[name], "--json").json
    assert len(drawn["objects"]) == len(record["nodes"])
    assert len(drawn["edges"]) == sum(len(node["inputs"]) for node in record["nodes"])


ODD = [
    ["-alpha / w_10 ** -2 + μ * long_name", "alpha=1e-9", "w_10=2e9", "μ=3", "long_name=-1"],
    ["(a - (b - c)) ** 2 / (1 / b) + -3 * log(a)", "a=1", "b=2", "c=3"],
    ["logsumexp(part(v, 1, 2)) + dot(v, v) + v @ v + g @ g", "v=[1, 2, 3, 4]", "g=[1, 1]"],
]
DOCUMENT = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n%s\\end{document}\n"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("graphs", [[*GRAPHS.values(), [str(ROOT / "configs" / "iris-softmax.yaml")]], ODD])
def test_latex_compiles_the_equations(graphs, nntrain, here):
    bodies = [nntrain("graph", "--latex", "--", *arguments).out for arguments in graphs]
    assert all(bodies)
    (here / "all.tex").write_text(DOCUMENT % "\n".join(bodies), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, errors="replace", timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert graphs == ODD or r"Overfull \hbox" not in done.stdout


# --- terminals -------------------------------------------------------------------------------------------------------


def drawn(view, name, columns, coloured=False):
    formula, *values = GRAPHS[name]
    return view(trace_graph(parse(formula), parse_values(values)), "title", Page(columns, coloured))


@pytest.mark.parametrize("columns", [80, 60, 50])
@pytest.mark.parametrize("view", [table_view, tree_view, quiz_view])
@pytest.mark.parametrize("name", GRAPHS)
def test_no_line_is_wider_than_the_terminal(name, view, columns):
    shown = drawn(view, name, columns)
    assert max(map(len, shown.splitlines())) <= columns
    assert "…" not in shown


def test_a_narrow_table_leaves_out_first_the_check_then_the_upstream_gradient():
    heads = [drawn(table_view, "neuron", columns).split("Backward")[1].splitlines()[1] for columns in (80, 79, 71)]
    assert [head.split() for head in heads] == [
        ["node", "into", "local", "upstream", "gradient", "rule", "check"],
        ["node", "into", "local", "upstream", "gradient", "rule"],
        ["node", "into", "local", "gradient", "rule"],
    ]


def test_large_arrays_are_told_by_shape_and_norm():
    trace = trace_graph(parse("sum(W @ x)"), {"W": np.ones((30, 40)), "x": np.full(40, 0.125)})
    for view in (table_view, tree_view):
        shown = view(trace, "title", Page(80))
        assert "30×40 ‖34.64‖" in shown
        assert "(40) ‖0.7906‖" in shown


def test_a_wrong_gradient_is_found():
    trace = trace_graph(parse("(x + y) * z"), {"x": -2, "y": 5, "z": -4})
    wrong = replace(
        trace, gradients=tuple(gradient * (1.001 if i == 2 else 1) for i, gradient in enumerate(trace.gradients))
    )
    shown = table_view(wrong, "title", Page(100))
    assert re.search(r"^ z +f .* DIFFERS$", shown, re.M)
    assert shown.count("DIFFERS") == 2
    assert shown.splitlines()[-1] == "DIFFERS: z: relative error 1e-03: near a kink, coarse rounding, or a wrong rule"


def test_of_a_large_graph_a_few_entries_are_probed_and_that_is_said():
    for rows, entries in ((2, "agree in 205 of 305 entries,"), (60, "agree in 33 of 6,163 entries,")):
        trace = trace_graph(parse("sum(W @ x) * y"), {"W": np.ones((rows, 100)), "x": np.full(100, 0.125), "y": 2.0})
        assert entries in table_view(trace, "title", Page())


def test_values_and_gradients_have_their_colours_where_there_are_colours(nntrain):
    coloured = drawn(tree_view, "product", 80, coloured=True)
    assert "\x1b[36m  -12\x1b[0m" in coloured
    assert "\x1b[31m      -4\x1b[0m" in coloured
    assert "\x1b[31m" in drawn(table_view, "product", 80, coloured=True)
    for view in VIEWS.values():
        assert "\x1b" not in nntrain("graph", *PRODUCT, *view).out


def test_a_tree_on_a_terminal_of_another_age(process):
    child = process("graph", *PRODUCT, "--tree", environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    expected = (GOLDEN / "product.tree").read_text(encoding="utf-8")
    assert out == expected.translate(str.maketrans("├└│─", "|`|-"))


def test_a_tree_that_is_too_deep_is_cut_at_the_names():
    text = "-(" * 24 + "x" + ")" * 24
    shown = tree_view(trace_graph(parse(text), {"x": 1.0}), "title", Page(50))
    assert max(map(len, shown.splitlines())) <= 50
    assert shown.count("…") > 5


# --- step by step ----------------------------------------------------------------------------------------------------


def walked(process, keys):
    """Return what a terminal shows of a walk through y = x·x + y, and the exit status; one key at each node."""
    ours, theirs = pty.openpty()
    child = process("graph", "x * x + y", "x=3", "y=2", "--step", stdin=theirs, stdout=theirs, stderr=theirs,
                    environment={"TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"})  # fmt: skip
    os.close(theirs)
    seen, left = bytearray(), list(keys)
    while select.select([ours], [], [], 60)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        seen += chunk
        if seen.endswith(b" "):
            os.write(ours, left.pop(0))
    os.close(ours)
    return child.wait(60), left, [line.rstrip() for line in seen.decode().replace("\r", "").split("\n")]


def test_a_walk_waits_at_each_node(process):
    status, left, lines = walked(process, [b"\n"] * 8)
    assert (status, left) == (0, [])
    assert lines == (GOLDEN / "walk.step").read_text(encoding="utf-8").split("\n")


def test_a_walk_can_be_left(process):
    status, left, lines = walked(process, [b"\n", b"\x04", b"\n"])
    assert (status, left) == (0, [b"\n"])
    assert lines[-3:] == [" x = 3", " y = 2", ""]


def test_a_walk_needs_a_terminal(nntrain):
    result = nntrain("graph", *PRODUCT, "--step")
    expected = "error: --step: there is no terminal to wait at; the table without --step has every step\n"
    assert (result.status, result.out, result.err) == (2, "", expected)


# --- sheets ----------------------------------------------------------------------------------------------------------


def test_a_quiz_has_blanks_and_its_answers_are_in_a_file(nntrain, here):
    result = nntrain("graph", *PRODUCT, "--quiz", "answers.txt")
    assert (result.status, result.err) == (0, "answers.txt: the answers\n")
    assert result.out == (GOLDEN / "product.quiz").read_text(encoding="utf-8")
    assert not re.search(r"-12|-4 +-4| 3$", result.out, re.M)
    assert (here / "answers.txt").read_text(encoding="utf-8") == nntrain("graph", *PRODUCT).out


def test_answers_are_never_overwritten(nntrain, here):
    (here / "answers.txt").write_text("those of another sheet", encoding="utf-8")
    result = nntrain("graph", *PRODUCT, "--quiz", "answers.txt")
    expected = "error: answers.txt: exists already; name another file with --quiz\n"
    assert (result.status, result.out, result.err) == (2, "", expected)
    assert (here / "answers.txt").read_text(encoding="utf-8") == "those of another sheet"


def test_a_view_goes_to_a_file(nntrain, here):
    result = nntrain("graph", *PRODUCT, "--svg", "-o", "product.svg")
    assert (result.status, result.out, result.err) == (0, "product.svg: written\n", "")
    assert (here / "product.svg").read_text(encoding="utf-8") == nntrain("graph", *PRODUCT, "--svg").out


# --- networks --------------------------------------------------------------------------------------------------------


def test_the_network_of_a_spec_on_one_example(nntrain):
    result = nntrain("graph", "tiny.yaml", "--sample", "3")
    assert (result.status, result.err) == (0, "")
    assert re.match(r"tiny: training example 3, class [012], initial parameters\n", result.out)
    assert re.search(r"^ h1 +tanh\(z1\) ", result.out, re.M)
    assert re.search(r"^ W1 +q1 +xᵀ .* matrix product", result.out, re.M)
    assert "\ncheck: differences of J agree, largest relative error " in result.out
    assert "DIFFERS" not in result.out
    found = nntrain("graph", "tiny.yaml", "--json", "--set", "model.hidden=[5]").json
    assert [node["shape"] for node in found["nodes"] if node["symbol"] == "W1"] == [[5, 3]]


@pytest.mark.parametrize("name", ["network-3-4-2", "digits-mlp"])
@pytest.mark.parametrize("view", ["svg", "dot", "latex", "tree"])
def test_every_view_of_networks_small_and_large(name, view, nntrain):
    result = nntrain("graph", ROOT / "configs" / f"{name}.yaml", *VIEWS[view])
    assert (result.status, result.err) == (0, "")
    assert "nan" not in result.out
    assert max(map(len, result.out.splitlines())) < 2000


# --- mistakes --------------------------------------------------------------------------------------------------------

MISTAKES = {
    ("(x + y) * z) + 1", "x=1", "y=1", "z=1"): "formula:12: unexpected ')'\n  (x + y) * z) + 1\n             ^",
    ("x + sigmod(y)", "x=1", "y=1"): f"formula:5: unknown function 'sigmod'; did you mean 'sigmoid'? "
    f"(one of {', '.join(sorted(FUNCTIONS))})\n  x + sigmod(y)\n      ^",
    ("x / y", "x=1", "y=0"): "formula:3: f = x / y needs a divisor other than 0, got x = 1, y = 0\n  x / y\n    ^",
    ("x * y", "x=1"): "formula:5: no value for y; add y=…\n  x * y\n      ^",
    ("x * y", "x=1", "y=1", "u=1"): "formula: there is no variable 'u' (variables: x, y)",
    ("x * y", "x=1", "y=[[1, 2], [3]]"): "y=[[1, 2], [3]]:3: the rows of a matrix must be of one length\n"
    "  y=[[1, 2], [3]]\n    ^",
    ("x * y", "x=1", "y"): "y:1: must be name=value, such as x=-2\n  y\n  ^",
    ("x *\n\x1b[31m y", "x=1"): "formula:5: unexpected '\\x1b'\n  x *\\n\\x1b[31m y\n       ^",
    ("tiny.yaml", "x=1"): "graph: the values of a spec's network come from its data, got x=1",
    ("tiny.yaml", "--sample", "33"): "--sample: the training part has rows 0…32, got 33",
    ("x * y", "--tree", "--svg"): "--tree, --svg: choose one view",
    ("x * y", "--set", "seed=1"): "--set: there is no spec to change; values of variables are given as name=value",
}  # fmt: skip


@pytest.mark.parametrize("arguments", MISTAKES, ids=lambda arguments: repr(arguments[0]))
def test_a_mistake_is_told_with_its_place(arguments, nntrain):
    result = nntrain("graph", *arguments)
    assert (result.status, result.out, result.err) == (2, "", f"error: {MISTAKES[arguments]}\n")


def test_the_caret_is_under_the_column_of_a_long_formula_too(nntrain):
    formula = " + ".join(["x"] * 60) + " + ) + " + " + ".join(["x"] * 60)
    message, shown, caret = nntrain("graph", formula, "x=1").err.splitlines()
    assert message == "error: formula:241: a number, a name or a bracket is missing; got ')'"
    assert shown[caret.index("^")] == ")"
    assert len(shown) <= 80
