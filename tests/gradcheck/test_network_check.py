"""Gradients of networks: no false alarm, no bug unseen, and the right name for each."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pytest

from nntrain.core.rng import Stream, generator
from nntrain.errors import SpecError
from nntrain.gradcheck import BUGS, Subject, check_network, check_parts, names, of_spec, with_bug
from nntrain.gradcheck.numeric import Options
from nntrain.gradcheck.stages import WEIGHTS, OnePenalty
from nntrain.network import BoundNetwork, Network
from nntrain.ops.activations import ACTIVATIONS, Elementwise
from nntrain.ops.layers import Dense
from nntrain.ops.losses import LOSSES, Mse
from nntrain.ops.models import Mlp
from nntrain.ops.penalties import Penalty
from nntrain.spec import load

QUICK = Options(probes=32, directions=2)

# --- random networks --------------------------------------------------------------------------------------------------

KINKED = [kind for kind, entry in ACTIVATIONS.items() if not entry().smooth]


def random_subject(seed):
    """Return a small network with kinks, and data, many of whose units are exactly at 0 or tie with one another."""
    rng = np.random.default_rng(seed)
    unit, loss = ACTIVATIONS[rng.choice(["relu", *KINKED])](), LOSSES[rng.choice(list(LOSSES))]()
    hidden = tuple(map(int, rng.integers(1, 5, rng.integers(1, 4))))
    n, n_in, n_out = int(rng.integers(1, 7)), int(rng.integers(1, 5)), int(rng.integers(2, 5))
    network = Network(Mlp(hidden=hidden, activation=(unit,)).layers(n_in, n_out), loss, n_in=n_in, dtype="float64")
    X, theta = rng.normal(size=(n, n_in)), network.params.theta
    theta[:] = rng.normal(size=theta.size)
    if rng.random() < 0.75:  # whole and half numbers: sums that are exactly 0
        X, theta[:] = np.rint(1.5 * X), np.rint(1.5 * theta) / rng.choice([1, 2])
    X[rng.random(X.shape) < 0.3] = 0
    X[-1] = -X[0] if rng.random() < 0.3 else X[-1]
    theta[rng.random(theta.size) < 0.3] = 0
    for p in network.params.values:
        if hasattr(p, "b"):
            p.b *= rng.random() < 0.5
            p.W[rng.integers(len(p.W))] *= rng.random() < 0.6
    return Subject(network, Penalty(), X, loss.encode(np.arange(n) % n_out, n_out, np.dtype(np.float64)), seed)


def false_alarms(seeds, method):
    """Return the networks whose right gradients were called wrong, and the share of entries at kinks."""
    found = {seed: check_network(random_subject(seed), Options(method=method)) for seed in seeds}
    reports = [check.report for check in found.values() for check in check.tensors]
    entries = sum(report.n_entries for report in reports)
    assert sum(report.n_undecided for report in reports) <= entries / 1000
    alarms = {seed: check.findings for seed, check in found.items() if not check.agrees}
    return alarms, sum(report.n_kinks for report in reports) / entries


@pytest.mark.parametrize(
    ("method", "seeds"), [("central", range(80)), ("both", range(80, 110)), ("complex", range(110, 140))]
)
def test_no_false_alarm_on_random_networks(method, seeds):
    alarms, kinks = false_alarms(seeds, method)
    assert alarms == {}
    assert 0.03 < kinks < 0.3  # the networks are what they should be


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", ["central", "both", "complex"])
def test_no_false_alarm_on_a_thousand_random_networks(method):
    assert false_alarms(range(1000, 2000), method)[0] == {}


def test_a_wrong_gradient_is_not_excused_by_kinks():
    """Each random network with its last layer's weights 0.1 % wrong, where that makes a difference."""
    unseen = 0
    for seed in range(60):
        subject = random_subject(seed)
        W = list(subject.network.params.named(subject.network.params.grad))[-2][0]
        right = subject.whole.gradients()[W]
        check = next(item for item in check_network(subject, Options()).tensors if item.name == W)
        alive = [e for e in check.report.entries if not e.kink and abs(e.analytic) > 1e-6]
        wrong = Subject(Slanted.of(subject.network), *(getattr(subject, n) for n in ("penalty", "X", "t", "seed")))
        found = check_network(wrong, Options())
        np.testing.assert_allclose(wrong.whole.gradients()[W], 1.001 * right)
        unseen += bool(alive) and found.agrees
    assert unseen == 0


class Slanted(Network):
    """A network whose last layer's gradients are 0.1 % too large."""

    @classmethod
    def of(cls, network):
        copy = cls(network.layers, network.loss, n_in=network.n_in, dtype="float64")
        copy.params.theta[:] = network.params.theta
        return copy

    def bind(self, X, ctx):
        bound = super().bind(X, ctx)

        def backward(do, d):
            bound.backward(do, d)
            g = self.params.grads[-1]
            do(np.multiply, g.W, 1.001, out=g.W)

        return BoundNetwork(bound.calls, bound.scores, backward)


def test_parts_that_are_right_and_put_together_wrongly():
    subject = random_subject(7)
    subject = replace(subject, network=Slanted.of(subject.network))
    [finding] = check_network(subject, Options()).findings
    assert (finding.where, finding.bug) == ("the network", None)
    assert finding.cause == "every part is right by itself, so they are combined wrongly"


def two_ways(theta):
    """Return a network of one input, max(0, θx) − max(0, −θx): it is θx, and every unit is at its kink for θ = 0."""
    layers = Mlp(hidden=(1, 2), activation=(ACTIVATIONS["identity"](), ACTIVATIONS["relu"]())).layers(1, 1)
    network = Network(layers, Mse(), n_in=1, dtype="float64")
    first, _, second, _, third = network.params.values
    first.W[:], second.W[:, 0], third.W[0] = theta, [1, -1], [1, -1]
    return Subject(network, Penalty(), np.array([[1.0], [2.0]]), np.array([[1.0], [1.0]]))


def test_kinks_that_hide_one_another_are_no_error():
    subject = two_ways(0.0)
    assert subject.whole.gradients()["layers.0.W"] == 0  # while the derivative of θ ↦ mean (θx − t)² is −3
    found = check_network(subject, Options())
    assert found.agrees
    assert next(check.report.n_kinks for check in found.tensors if check.name == "layers.0.W") == 1
    assert check_network(two_ways(0.5), Options()).agrees


@dataclass(frozen=True, slots=True)
class SteepAtZero(Elementwise):
    """ReLU that claims a slope of 7 at 0."""

    kinks = (0.0,)

    def f(self, z):
        return np.maximum(z, 0)

    def df(self, z):
        return np.where(z > 0, 1.0, np.where(z < 0, 0.0, 7.0))


def test_at_a_kink_what_is_no_subgradient_is_wrong():
    network = Network(Mlp(hidden=(3,), activation=(SteepAtZero(),)).layers(2, 2), Mse(), n_in=2, dtype="float64")
    network.initialize(0)
    subject = Subject(network, Penalty(), np.zeros((4, 2)), np.ones((4, 2)))
    found = check_network(subject, Options())
    assert [finding.where for finding in found.findings] == ["steepatzero after layers.0: ∂h/∂z"]
    assert found.findings[0].report.n_kinks == 12


# --- planted bugs -----------------------------------------------------------------------------------------------------

SPECS = {
    "classes": "data: {source: {kind: blobs, n: 60, features: 5, classes: 4}}\n"
    "model: {kind: mlp, hidden: [6, 5], activation: [tanh, relu], dropout: 0.25}\npenalty: {l2: 1e-2}\n",
    "wide": "data: {source: digits, scale: unit}\nmodel: {kind: mlp, hidden: [40], activation: elu}\n"
    "penalty: {l1: 1e-3}\n",
    "softmax": "data: {source: iris, scale: standard}\nmodel: {kind: softmax}\npenalty: {l1: 1e-3, l2: 1e-2}\n",
    "svm": "data: {source: iris, scale: standard}\nmodel: {kind: svm}\npenalty: {l2: 1e-2}\n",
    "labels": "data: {source: moons, scale: standard}\nmodel: {kind: mlp, hidden: 6, activation: prelu, dropout: 0.5}\n"
    "loss: binary_hinge\npenalty: {l2: 1e-2}\n",
    "hinge": "data: {source: digits, scale: unit}\nmodel: {kind: mlp, hidden: 9, activation: maxout, dropout: 0.1}\n"
    "loss: hinge\npenalty: {l2: 1e-2}\n",
    "numbers": "data: {source: {kind: linear, targets: 3}}\nmodel: {kind: mlp, hidden: [5], activation: gelu}\n",
    "saturating": "data: {source: iris, scale: standard}\nmodel: {kind: mlp, hidden: [5], activation: sigmoid}\n"
    "loss: sigmoid_mse\n",
    "itself": "data: {source: iris, scale: standard}\nmodel: {kind: autoencoder, hidden: [2], activation: silu}\n",
}


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    """Return the subject of every spec, by its name."""
    path, found = tmp_path_factory.mktemp("specs") / "spec.yaml", {}
    for name, text in SPECS.items():
        path.write_text(f"name: {name}\n{text}", encoding="utf-8")
        found[name] = of_spec(load(path), batch=8)
    return found


def test_the_specs_are_right(subjects):
    assert {name: check_network(subject, QUICK).agrees for name, subject in subjects.items()} == dict.fromkeys(
        SPECS, True
    )


@pytest.mark.parametrize("kind", BUGS)
def test_every_bug_is_caught_and_named_on_three_specs_or_more(kind, subjects):
    named = []
    for name, subject in subjects.items():
        spoilt = replace(subject, bug=BUGS[kind]())
        if not makes_a_difference(spoilt):
            with pytest.raises(SpecError) as refused:
                with_bug(subject, kind)
            assert str(refused.value) == f"--inject {kind}: it changes no gradient here; it needs {BUGS[kind].needs}"
            continue
        found = check_network(with_bug(subject, kind), QUICK)
        assert not found.agrees, name
        assert {finding.bug for finding in found.findings} == {kind}, (name, found.findings)
        named.append(name)
    assert len(named) >= 3


def makes_a_difference(subject):
    """Tell whether the gradients of the engine, penalty included, are not those of the network."""
    before, after = replace(subject, bug=None), subject
    pairs = [(before.whole.gradients()[name], after.whole.gradients()[name]) for name in before.whole.tensors]
    with_penalty = [OnePenalty(item.engine_penalty, np.ones(3)).gradients()[WEIGHTS] for item in (before, after)]
    return not all(np.array_equal(*pair) for pair in [*pairs, with_penalty])


@pytest.mark.parametrize("kind", BUGS)
def test_a_bug_never_touches_the_network_it_is_planted_in(kind, subjects):
    subject = subjects["classes"]
    before = {name: array.copy() for name, array in subject.whole.gradients().items()}
    try:
        spoilt = with_bug(subject, kind)
    except SpecError:
        return
    assert spoilt.network is subject.network
    assert spoilt.whole.value() == subject.whole.value()  # the cost is right: only the way back is wrong
    after = subject.whole.gradients()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_there_are_eight_bugs_or_more_and_each_says_what_it_is():
    assert len(BUGS) >= 8
    for bug in BUGS.values():
        assert bug.needs
        assert "instead of" in bug.formula


CAUSES = {
    0.0: "it is 0 everywhere: it is never written, or the gradient from above is lost",
    1.001: "every entry is 1.001 times the derivative: a constant factor",
    1 / 8: "every entry is 8 times too small: a mean over the examples in place of their sum",
}


@pytest.mark.parametrize("factor", CAUSES)
def test_other_mistakes_are_described(factor, subjects, monkeypatch):
    right = Dense.bind

    def wrong(self, do, x, p, g, ctx):
        h, backward = right(self, do, x, p, g, ctx)

        def record(do, d):
            dx = backward(do, d)
            do(np.multiply, g.b, factor, out=g.b)
            return dx

        return h, record

    subject = replace(subjects["numbers"])  # what it caches is its own
    monkeypatch.setattr(Dense, "bind", wrong)
    first, second = check_network(subject, QUICK).findings
    assert (first.where, second.where) == ("layers.1.b", "layers.0.b")
    assert first.cause == CAUSES[factor]


def test_one_wrong_entry_among_thousands_is_seen_by_the_directions(subjects, monkeypatch):
    right = Dense.bind

    def wrong(self, do, x, p, g, ctx):
        h, backward = right(self, do, x, p, g, ctx)

        def record(do, d):
            dx = backward(do, d)
            do(lambda: np.multiply(g.W[3, 29], 1.01, out=g.W[3, 29, ...]))
            return dx

        return h, record if g.W.shape == (40, 64) else backward

    monkeypatch.setattr(Dense, "bind", wrong)
    found = check_network(replace(subjects["wide"]), QUICK)
    [check] = [check for check in found.tensors if not check.report.agrees]
    assert check.name == "layers.0.W"
    assert check.report.n_entries == 32
    assert check.report.wrong == []
    assert all(direction.error > 1e-6 for direction in check.report.directions)
    [finding] = found.findings
    assert finding.where == "layers.0.W"
    expected = "few entries: the 64 that were compared are right, but a random direction through all entries is wrong"
    assert finding.cause == expected


def test_an_irregular_mistake_is_told_by_its_range(monkeypatch):
    monkeypatch.setattr(
        type(ACTIVATIONS["tanh"]()), "backward", lambda self, do, z, h, d, s: do(np.multiply, d, h, out=d)
    )
    network = Network(
        Mlp(hidden=(4,), activation=(ACTIVATIONS["tanh"](),)).layers(3, 2), Mse(), n_in=3, dtype="float64"
    )
    network.initialize(0)
    X = generator(0, Stream.PROBE).normal(size=(5, 3))
    [finding] = check_network(Subject(network, Penalty(), X, np.ones((5, 2))), QUICK).findings
    assert finding.where == "tanh after layers.0: ∂h/∂z"
    assert finding.cause.startswith("20 of 20 entries are wrong, -")
    assert finding.cause.endswith(" times the derivative")
    assert finding.bug is None


# --- what is checked --------------------------------------------------------------------------------------------------


def test_the_gradient_under_test_is_that_of_a_training_step(tmp_path):
    from nntrain.runs import prepare_run
    from nntrain.train.state import State
    from nntrain.train.step import Stepper

    path = tmp_path / "spec.yaml"
    path.write_text(SPECS["classes"] + "train: {dtype: float64, batch_size: all}\n", encoding="utf-8")
    loaded = load(path)
    subject, ready = of_spec(loaded, batch=1000), prepare_run(loaded)
    network = ready.assembly.network
    network.initialize(0)
    stepper = Stepper(ready.job, State.start(network.params, ready.job.optimizer))
    step = stepper(next(ready.job.batches.epoch(0)))
    stepper.set_rates(1.0)
    step.recorded.run()
    weights = network.params.theta[: network.params.n_weights]
    for name, view in network.params.named(network.params.grad):
        part = subject.whole.gradients()[name]
        if name.endswith("W"):
            part = part + 1e-2 * dict(network.params.named(network.params.theta))[name]
        np.testing.assert_allclose(view, part, rtol=1e-12, atol=1e-15)
    assert step.cost() == pytest.approx(subject.whole.value() + 0.5e-2 * weights @ weights, rel=1e-14)


def test_a_network_in_float32_is_checked_in_float64_on_its_own_numbers(subjects):
    subject = subjects["wide"]  # train.dtype is float32
    assert subject.X.dtype == subject.t.dtype == subject.network.params.theta.dtype == np.float64
    np.testing.assert_array_equal(subject.X, subject.X.astype(np.float32))
    np.testing.assert_array_equal(subject.network.params.theta, subject.network.params.theta.astype(np.float32))


def test_training_before_moves_the_parameters_as_fit_does(tmp_path):
    from nntrain.runs import prepare_run
    from nntrain.train.loop import fit
    from nntrain.train.state import State

    path = tmp_path / "spec.yaml"
    path.write_text(SPECS["classes"] + "train: {epochs: 1}\n", encoding="utf-8")
    start, later = (of_spec(load(path), batch=4, after=epochs) for epochs in (0, 2))
    ready = prepare_run(load(path, ["train.epochs=2"]))
    ready.assembly.network.initialize(0)
    list(fit(ready.job, State.start(ready.assembly.network.params, ready.job.optimizer)))
    np.testing.assert_array_equal(later.network.params.theta, ready.assembly.network.params.theta.astype(np.float64))
    assert not np.array_equal(start.network.params.theta, later.network.params.theta)
    assert (start.epoch, later.epoch) == (0, 2)
    assert check_network(later, QUICK).agrees


def test_what_can_be_asked_for(subjects):
    assert names(subjects["softmax"]) == {"layers.0.W": "output.W", "layers.0.b": "output.b", "penalty": "penalty"}
    assert list(names(subjects["itself"]).values()) == ["hidden.0.W", "hidden.0.b", "output.W", "output.b"]
    found = check_network(subjects["classes"], QUICK, wanted=lambda name: name in ("layers.1.b", "penalty"))
    assert [check.name for check in found.tensors] == ["layers.1.b", "penalty"]


# --- every part -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shrunk():
    """Register an activation for a while, as a scratch file would."""

    @ACTIVATIONS.register
    @dataclass(frozen=True, slots=True)
    class Shrunk(Elementwise):
        """A unit of the test."""

        kind: Literal["shrunk"] = "shrunk"
        formula: ClassVar[str] = "h = z / (1 + z²)"

        def f(self, z):
            return z / (1 + z * z)

        def df(self, z):
            return (1 - z * z) / np.square(1 + z * z)

    yield Shrunk
    del ACTIVATIONS._entries["shrunk"]


def test_a_new_activation_has_its_line_and_a_wrong_derivative_is_found(monkeypatch, shrunk):
    right = {(part.group, part.name): part for part in check_parts()}
    assert right["activation", "shrunk"].agrees
    assert right["mlp", "mse"].members == len(ACTIVATIONS)
    assert all(part.agrees for part in right.values())
    assert all(report.second_error < 1e-6 for part in right.values() for report in part.reports if report.n_checked)
    monkeypatch.setattr(shrunk, "df", lambda self, z: 1.001 * (1 - z * z) / np.square(1 + z * z))
    wrong = next(part for part in check_parts() if not part.agrees)
    assert (wrong.group, wrong.name) == ("activation", "shrunk")
