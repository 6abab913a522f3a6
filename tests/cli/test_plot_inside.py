"""Pictures of what goes on inside: regions, units, gradients, the way down; and films."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nntrain.pictures.activation_pictures import gather_activations, gather_functions
from nntrain.pictures.boundary_pictures import gather_boundary
from nntrain.pictures.descent_pictures import gather_descent
from nntrain.pictures.gradient_pictures import gather_gradients
from nntrain.pictures.origin import SpecOrigin
from nntrain.pictures.picture_options import Options
from nntrain.runs import open_model
from nntrain.spec import load

ROOT = Path(__file__).parents[2]

MOONS = """\
name: moons
data:
  source: {kind: moons, n: 80}
  test: 0.25
  scale: standard
model: {kind: mlp, hidden: [3], activation: tanh}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 4, batch_size: 10}
"""

RIGHT = ROOT / "configs/rate-right.yaml"


@pytest.fixture
def moons(nntrain, here):
    """Return a finished run with two inputs and one hidden layer."""
    (here / "moons.yaml").write_text(MOONS, encoding="utf-8")
    assert nntrain("fit", "moons.yaml", "--run-dir", "moons", "-q", "--no-plots").status == 0
    return here / "moons"


def origin_of(path, *overrides):
    return SpecOrigin(path, load(path, overrides))


def texts_of(path):
    return re.findall(r"<text [^>]*>(?:<tspan[^>]*>)?([^<]*)", path.read_text(encoding="utf-8"))


def test_regions_are_what_predict_says(nntrain, moons, here):
    draw = gather_boundary(origin_of(here / "moons.yaml"), Options())
    plane, margins, sure, points, names, _ = draw.args
    chosen = np.random.default_rng(0).integers(0, len(plane.x), (20, 2)).tolist()
    rows = [f"{float(plane.x[j])!r},{float(plane.y[i])!r}" for i, j in chosen]
    (here / "some.csv").write_text("\n".join(["x1,x2", *rows]), encoding="utf-8")
    said = nntrain("predict", "moons", "some.csv").out.split()
    assert [names[margins[i, j].argmax()] for i, j in chosen] == said[-20:]
    assert ((sure >= 0) & (sure <= 1)).all()
    assert points.wrong is not None


def test_units_lie_where_their_z_is_0(moons, here):
    draw = gather_boundary(origin_of(here / "moons.yaml"), Options())
    plane = draw.args[0]
    model = open_model(moons)
    p = model.assembly.network.params.values[0]
    assert len(plane.lines) == 3
    for k, (w1, w2, b) in enumerate(plane.lines):
        x = 0.3
        y = -(w1 * x + b) / w2
        scaled = model.transform.apply(np.array([[x, y]]), (), "float64")[:]
        assert float((scaled @ p.W[k] + p.b[k])[0]) == pytest.approx(0, abs=1e-5)


def test_a_film_has_a_picture_every_n_epochs(nntrain, moons, here):
    result = nntrain("plot", "moons", "boundary", "--every", "2", "-o", "p.gif")
    assert (result.status, result.out, result.err) == (0, "p.gif: written\n", "")
    with Image.open(here / "p.gif") as film:
        assert film.n_frames == 3  # epochs 0, 2, 4
    wrong = nntrain("plot", "moons", "boundary", "--gif", "-o", "p.png")
    assert (wrong.status, wrong.err) == (2, "error: p.png: a film needs the ending .gif, got '.png'\n")
    still = nntrain("plot", "moons", "curves", "-o", "q.gif")
    assert still.err == "error: q.gif: the ending says the format: .png, .svg or .pdf, got '.gif'\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "boundary: the model has 3 inputs; choose two with --columns, such as x1,x2"),
        (["--columns", "x1"], "--columns: must be two different names, NAME,NAME, got 'x1'"),
        (["--columns", "x1,y"], "--columns: no such input, got 'y'"),
    ],
)
def test_two_inputs_are_asked_for(arguments, error, nntrain, done):
    result = nntrain("plot", "done", "boundary", *arguments)
    assert result.status == 2
    assert result.err.startswith(f"error: {error}")


def test_two_of_three_inputs(nntrain, done, here):
    assert nntrain("plot", "done", "boundary", "--columns", "x3,x1", "-o", "p.svg").status == 0
    texts = texts_of(here / "p.svg")
    assert {"x3", "x1"} <= set(texts)
    assert any("the other 1 inputs at their means" in text for text in texts)


def test_functions_and_their_slopes():
    draw = gather_functions("tanh,relu")
    z, functions, _ = draw.args
    assert functions[0].f == pytest.approx(np.tanh(z))
    assert functions[0].df == pytest.approx(1 - np.tanh(z) ** 2)
    assert functions[1].kinks == (0.0,)
    (own,) = gather_functions("z ** 2 / 2").args[1]
    assert own.df == pytest.approx(z)
    (prelu,) = gather_functions("prelu").args[1]
    assert prelu.df[0] == 0.25
    assert len(gather_functions("all").args[1]) > 10


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("geluu", "activations: no such activation, got 'geluu'; did you mean 'gelu'? "),
        ("maxout", "maxout: is no function of one z, so there is no curve of it"),
        ("z +* 2", "activations: 'z +* 2': column 4: "),
        ("z + y", "activations: 'z + y': "),
    ],
)
def test_what_is_no_activation_is_refused(asked, error, nntrain):
    result = nntrain("plot", asked, "activations")
    assert result.status == 2
    assert result.err.startswith(f"error: {error}")
    assert result.err.count("\n") == 1


def test_dead_and_saturated_units_are_found(here):
    """All biases far below 0: no ReLU passes anything on. Weights of 30: every sigmoid is flat."""
    (here / "moons.yaml").write_text(MOONS, encoding="utf-8")
    origin = origin_of(here / "moons.yaml", "model.activation=relu")
    model = origin.model(0)
    model.assembly.network.params.values[0].b[:] = -1e3
    origin.model = lambda epoch=None: model
    (units,) = gather_activations(origin, Options()).args[0]
    assert (units.dead.tolist(), units.saturated.any()) == ([True] * 3, False)
    origin = origin_of(here / "moons.yaml", "model.activation=sigmoid")
    model = origin.model(0)
    model.assembly.network.params.values[0].W[:] *= 1e4
    origin.model = lambda epoch=None: model
    (units,) = gather_activations(origin, Options()).args[0]
    assert units.saturated.all()
    assert units.flat[0][0] == -np.inf
    assert units.z.shape == (20, 3)  # the test part
    assert units.h == pytest.approx(1 / (1 + np.exp(-np.clip(units.z, -500, 500))), abs=1e-6)


def test_gradients_are_those_of_the_network(here):
    """Of plain gradient descent on the full batch the last step is the rate times the gradient before it."""
    origin = origin_of(RIGHT, "train.epochs=3", "train.dtype=float64")
    draw = gather_gradients(origin, Options())
    epochs, norms, ratios, _ = draw.args
    assert list(epochs) == [1, 2, 3]
    replay = origin.replay()
    lengths, thetas = [], [replay.network.params.theta.copy()]
    for _ in replay.train():
        thetas.append(replay.network.params.theta.copy())
    for before, after in pairwise(thetas[1:]):
        lengths.append(float(np.linalg.norm(after - before)) / 0.3)
    assert norms["layer 1"][:2] == pytest.approx(lengths)
    assert ratios["layer 1"][1] == pytest.approx(0.3 * lengths[0] / float(np.linalg.norm(thetas[1])))


def test_the_path_ends_at_the_cost_of_the_run(nntrain, here):
    origin = origin_of(RIGHT, "train.epochs=5")
    ground, (course,) = gather_descent(origin, Options()).args[:2]
    records = [record.train["cost"] for record in origin.replay().train()]
    assert course.costs[:5] == pytest.approx(records, rel=1e-5)  # the cost of a full batch is that before its step
    assert course.points[0] == pytest.approx([0, 0])
    assert course.points[-1][1] == pytest.approx(0, abs=1e-6)  # the end lies on the first axis
    assert float(ground.cost.min()) <= course.costs.min() + 1e-3


def test_two_parameters_are_their_own_plane(nntrain, here):
    source = "{kind: csv, path: l.csv, target: -1, task: regression}"
    spec = f"name: line\ndata: {{source: {source}}}\nmodel: linear\ntrain: {{epochs: 3, batch_size: all}}\n"
    (here / "l.csv").write_text("x,y\n0,1\n1,3\n2,5\n3,7\n", encoding="utf-8")
    (here / "l.yaml").write_text(spec, encoding="utf-8")
    origin = origin_of(here / "l.yaml")
    ground, (course,) = gather_descent(origin, Options()).args[:2]
    assert ground.names == ("W", "b")
    replay = origin.replay()
    list(replay.train())
    assert course.points[-1] == pytest.approx(replay.network.params.theta)


@pytest.mark.parametrize("what", ["gradients", "descent", "activations", "boundary"])
@pytest.mark.parametrize("use", ["slide", "paper"])
def test_every_picture_is_drawn_for_every_use(what, use, nntrain, moons, here):
    assert nntrain("plot", "moons", what, "--for", use, "-o", "p.png").status == 0


def test_gradients_are_those_that_the_run_recorded(nntrain, here, monkeypatch):
    monkeypatch.setattr("nntrain.train.health.epochs_between", lambda *sizes: 1)
    longer = ("--set", "train.epochs=12")
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots", *longer).status == 0
    monkeypatch.setattr("nntrain.pictures.origin.Replay", None)  # nothing is trained again
    result = nntrain("plot", "r", "gradients", "-o", "p.svg")
    assert (result.status, result.err) == (0, "")
    picture = (here / "p.svg").read_text(encoding="utf-8")
    assert "As recorded: gradient of the cost on a probe of training rows" in picture
    assert picture.count("layer 2") == 2
