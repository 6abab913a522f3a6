"""``nntrain descend``, and the matrices of ``nntrain graph``: what they print, draw and refuse."""

import re

import pytest
from PIL import Image

QUADRATIC = ("x**2/2 + 5*y**2", "x=-4.5", "y=1.2")


def test_a_descent_is_told_step_by_step(nntrain):
    result = nntrain("descend", *QUADRATIC)
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "f = x**2/2 + 5*y**2: sgd, rate 0.1"
    assert lines[4].split() == ["0", "-4.5", "1.2", "17.325", "12.816"]
    assert lines[-5:] == [
        " stopped    ‖Δx‖ ≤ 1e-08 after 169 steps",
        " end        x = -8.321e-08, y = 0, f = 3.46229e-15",
        " point      at the end: minimum: all eigenvalues of the Hessian are positive",
        " curvature  10, 1; differences agree to 0e+00",
        " stable     rates below 2/λmax = 0.2",
    ]


def test_json_has_the_whole_path(nntrain):
    (found,) = nntrain("descend", *QUADRATIC, "--max-steps", "3", "--json").json["descents"]
    assert found["path"][:2] == [[-4.5, 1.2], [-4.5 - 0.1 * -4.5, 1.2 - 0.1 * 12.0]]
    assert (found["steps"], found["max_steps_reached"], found["converged"]) == (3, True, False)
    assert found["point"]["eigenvalues"] == [10, 1]
    assert found["point"]["largest_stable_rate"] == pytest.approx(0.2)
    assert [len(found[name]) for name in ("values", "gradients")] == [4, 4]


def test_several_rates_and_optimizers_in_one_table_and_one_picture(nntrain, here):
    more = ["--rate", "0.01,0.17", "--optimizer", "sgd,adam", "--max-steps", "30"]
    result = nntrain("descend", *QUADRATIC, *more, "-o", "p.svg")
    assert result.status == 0
    labels = ["sgd, rate 0.01", "sgd, rate 0.17", "adam, rate 0.01", "adam, rate 0.17"]
    assert all(re.search(rf"^ {label} +30 ", result.out, re.M) for label in labels)
    picture = (here / "p.svg").read_text(encoding="utf-8")
    assert all(f">{label}<" in picture for label in labels)


def test_a_film_is_small(nntrain, here):
    assert nntrain("descend", *QUADRATIC, "--rate", "0.17", "--max-steps", "8", "-o", "p.gif").status == 0
    with Image.open(here / "p.gif") as film:
        assert film.n_frames == 9
    assert (here / "p.gif").stat().st_size < 200_000


@pytest.mark.parametrize("formula", ["x**2 - y**2", "x + y", "log(x) - y", "-x**2 - y**2", "x*0 + y*0"])
def test_what_has_no_minimum_is_drawn_all_the_same(formula, nntrain, here):
    result = nntrain("descend", "-o", "p.png", "--max-steps", "50", "--", formula, "x=1", "y=0.5")
    assert (result.status, result.err) == (0, "")
    assert (here / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["x*y", "x=1"], "formula:3: no value for y; add y=…\n  x*y\n    ^\n"),
        (["x**2", "x=1", "--rate", "0"], "--rate: must be a number above 0, or several with commas between, got '0'\n"),
        (
            ["x**2", "x=1", "--rate", "1,a"],
            "--rate: must be a number above 0, or several with commas between, got 'a'\n",
        ),
        (["x**2", "x=1", "--momentum", "1"], "--momentum: must be below 1, got 1\n"),
        (["x**2", "x=1", "--optimizer", "adam", "--momentum", "0.9"], "--momentum: adam has none\n"),
        (["x**2", "x=1", "--optimizer", "sdg"], "--optimizer: no such optimizer, got 'sdg'; did you mean 'sgd'? "),
        (["x**2", "x=1", "-o", "p.png"], "p.png: a picture is of two numbers that move, here are 1\n"),
        (["log(x)", "x=-1"], "formula:1: f = log(x) needs a number above 0, got x = -1\n"),
    ],
)
def test_wrong_calls_are_refused(arguments, error, nntrain, here):
    result = nntrain("descend", *arguments)
    assert result.status == 2
    assert result.err.startswith(f"error: {error}")
    assert not (here / "p.png").exists()


def test_a_picture_is_not_replaced_in_silence(nntrain, here):
    (here / "p.png").write_text("mine")
    result = nntrain("descend", *QUADRATIC, "-o", "p.png")
    assert result.err == "error: p.png: exists already; name another file with -o, or replace it with --force\n"
    assert (here / "p.png").read_text() == "mine"


def test_matrices_of_a_graph(nntrain):
    result = nntrain(
        "graph", "x**2/2 + 5*y**2 + x*y", "x=1", "y=2", "--jacobian", "--hessian", "--direction", "u=[3,4]"
    )
    assert result.status == 0
    text = re.sub(r"error \d+e[+-]\d+", "error E", result.out)
    assert (
        text
        == """\
f = x**2/2 + 5*y**2 + x*y

Jacobian of f, denominator layout: row i, column j is ∂f_j/∂x_i
     f
 x   3
 y  21
check: differences of the formula agree, largest relative error E

Hessian of f: row i, column j is ∂²f/∂x_i∂x_j
    x   y
 x  1   1
 y  1  10
eigenvalues: 10.1098, 0.890228; positive definite
check: differences of the gradient agree, largest relative error E

Directional derivative of f along u = (x 3, y 4)
 ∇f · u = 93
 ‖u‖ = 5; along u/‖u‖ it is 18.6
check: differences of the formula agree, largest relative error E
"""
    )


def test_matrices_in_json_and_at_a_kink(nntrain):
    found = nntrain("graph", "abs(x)", "x=0", "--hessian", "--direction", "x=1", "--json").json
    assert found["hessian"]["at_kink"] is True
    assert found["direction"]["u"] == {"x": 1.0}
    kink = "check: the formula has a kink here, so that several derivatives are valid; these are those of one side"
    assert kink in nntrain("graph", "abs(x)", "x=0", "--hessian").out


@pytest.mark.parametrize(
    ("direction", "error"),
    [
        ("z=1", "--direction: there is no variable 'z' (variables: x, y, or u)"),
        ("u=1", "--direction: u must have 2 entries (x, y), got 1"),
        ("x=[1,2]", "--direction: x must have the shape (), got (2,)"),
        ("u=[0,0]", "--direction: must not be 0 in all entries"),
        ("u", "--direction: u:1: must be name=value, such as x=-2"),
    ],
)
def test_wrong_directions_are_refused(direction, error, nntrain):
    result = nntrain("graph", "x*y", "x=1", "y=2", "--direction", direction)
    assert (result.status, result.err) == (2, f"error: {error}\n")
