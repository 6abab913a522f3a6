"""Is it right: gradcheck, word for word but for the figures that hang on rounding."""

import re
from pathlib import Path
from time import process_time

import pytest

from nntrain.cli.commands.list import registries
from nntrain.gradcheck import BUGS
from nntrain.ops.losses.squared import Mse

MEANING = """\
 error: |a − n| / max(|a|, |n|, floor) of the analytic gradient a and the slope n by central
   differences; what is below the floor is lost in rounding
 up to 1e-06 ok · up to 1e-04 doubtful: rounding, or a small term · above WRONG: the formula · at
   a kink a must lie between the slopes on both sides
"""


def test_a_spec(nntrain):
    result = nntrain("gradcheck", "tiny.yaml")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "tiny: 31 parameters at their initial values, 8 examples, float64"
    assert lines[2].split() == [
        "tensor",
        "shape",
        "checked",
        "kinks",
        "median",
        "error",
        "worst",
        "at",
        "analytic",
        "numeric",
    ]
    rows = [line.split() for line in lines[4:8]]
    assert [row[:4] for row in rows] == [
        ["layers.0.W", "4×3", "12", "0"],
        ["layers.0.b", "4", "4", "0"],
        ["layers.1.W", "3×4", "12", "0"],
        ["layers.1.b", "3", "3", "0"],
    ]
    for row in rows:
        assert all(re.fullmatch(r"0|\de-(09|[1-9]\d)", error) for error in row[4:6])
        assert re.fullmatch(r"\[\d(,\d)?\]", row[6])
        assert float(row[7]) == pytest.approx(float(row[8]))
        assert row[9] == "ok"
    rest = "\n".join(lines[8:])
    assert re.fullmatch(re.escape(f"\n{MEANING}\nok: 31 entries agree, largest error ") + r"\de-\d\d", rest)


def test_a_spec_on_a_narrow_terminal(nntrain, monkeypatch):
    monkeypatch.setattr("nntrain.cli.output.gradient_tables.width", lambda: 80)
    result = nntrain("gradcheck", "tiny.yaml", "--method", "both", "--params", "2", "--set", "penalty.l2=0.1")
    assert result.status == 0
    assert max(map(len, result.out.splitlines())) <= 80
    assert re.search(r"^ tensor +shape +checked +kinks +median +error +complex$", result.out, re.M)
    assert re.search(r"^ tensor +worst at +analytic +numeric$", result.out, re.M)
    assert re.search(r"^ penalty +24 +2 +0 +\S+ +\S+ +\S+ +ok$", result.out, re.M)
    assert "complex: the error against Im f(θ + ih)/h, on the piece that the real part" in result.out
    assert "of tensors that are not checked whole, also along 2 random directions through" in result.out


def test_the_same_as_json(nntrain):
    found = nntrain("gradcheck", "tiny.yaml", "--params", "5", "--method", "both", "--after", "1", "--json").json
    assert (found["agrees"], found["name"], found["epoch"], found["examples"]) == (True, "tiny", 1, 8)
    assert (found["planted"], found["findings"]) == (None, [])
    first = found["tensors"][0]
    assert [tensor["name"] for tensor in found["tensors"]] == ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b"]
    assert (first["shape"], first["checked"], first["kinks"], first["undecided"]) == ([4, 3], 5, 0, 0)
    assert first["median_error"] <= first["max_error"] < 1e-6
    assert first["complex_error"] < 1e-12
    assert first["worst"]["analytic"] == pytest.approx(first["worst"]["numeric"])
    assert len(first["worst"]["index"]) == 2
    assert [direction["error"] < 1e-6 for direction in first["directions"]] == [True, True]
    assert first["verdict"] == "ok"


def test_a_checkpoint_and_a_run(nntrain, done):
    checkpoint = max((done / "checkpoints").iterdir())
    for source in (done, checkpoint):
        result = nntrain("gradcheck", source, "--batch", "3")
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith("tiny: 31 parameters after 4 epochs, 3 examples, float64\n")
    result = nntrain("gradcheck", done, "--after", "1")
    told = "error: --after: a checkpoint is trained already; only a spec can be trained before it is checked\n"
    assert (result.status, result.err) == (2, told)


def test_one_example_and_more_than_there_are(nntrain):
    assert (
        "31 parameters at their initial values, 1 example, float64"
        in nntrain("gradcheck", "tiny.yaml", "--batch", 1).out
    )
    result = nntrain("gradcheck", "tiny.yaml", "--batch", "100")
    assert (result.status, ", 33 examples, float64" in result.out) == (0, True)


def test_only_some_tensors(nntrain):
    for pattern, names in {"hidden.*.W": ["layers.0.W"], "layers.1.*": ["layers.1.W", "layers.1.b"]}.items():
        found = nntrain("gradcheck", "tiny.yaml", "--only", pattern, "--json").json
        assert [tensor["name"] for tensor in found["tensors"]] == names
    result = nntrain("gradcheck", "tiny.yaml", "--only", "layer.*")
    known = "layers.0.W (hidden.0.W), layers.0.b (hidden.0.b), layers.1.W (output.W), layers.1.b (output.b)"
    assert (result.status, result.err) == (2, f"error: --only: nothing is called 'layer.*'; there are {known}\n")


PLANTED = f"""\
{MEANING}
 planted  no_derivative: ∂J/∂z = ∂J/∂h  instead of  ∂J/∂h ⊙ f′(z)
 first    tanh after layers.0: ∂h/∂z
 cause    the gradient comes out of the activation as it went in: it is not multiplied by f′(z)
 bug      no_derivative
"""


def test_a_planted_bug(nntrain):
    result = nntrain("gradcheck", "tiny.yaml", "--inject", "no_derivative")
    assert result.status == 8
    assert result.out.endswith(PLANTED)
    assert [line.split()[-1] for line in result.out.splitlines()[4:8]] == ["WRONG", "WRONG", "ok", "ok"]
    assert result.err == (
        "error: 2 of 4 disagree; first tanh after layers.0: ∂h/∂z: the gradient comes out of the activation as it went "
        "in: it is not multiplied by f′(z)\n"
    )
    found = nntrain("gradcheck", "tiny.yaml", "--inject", "no_derivative", "--json").json
    assert (found["agrees"], found["planted"]) == (False, "no_derivative")
    assert [finding["bug"] for finding in found["findings"]] == ["no_derivative"]
    assert nntrain("gradcheck", "tiny.yaml").status == 0


def test_a_bug_in_several_layers_and_what_needs_something_else(nntrain):
    result = nntrain("gradcheck", "tiny.yaml", "--inject", "bias_not_summed")
    assert "\n first    layers.1.b\n" in result.out
    assert "\n also     layers.0.b\n" in result.out
    for arguments, message in {
        ("no_two",): "no_two: it changes no gradient here; it needs the loss mse or sigmoid_mse, without half",
        ("no_mean", "--batch", "1"): "no_mean: it changes no gradient here; it needs two examples or more",
        ("no_penalty",): "no_penalty: it changes no gradient here; it needs a penalty",
    }.items():
        result = nntrain("gradcheck", "tiny.yaml", "--inject", *arguments)
        assert (result.status, result.out, result.err) == (2, "", f"error: --inject {message}\n")


def test_a_bug_that_rounding_hides(nntrain, here):
    (here / "flat.yaml").write_text(
        "data: {source: {kind: linear, targets: 1, features: 1}}\nmodel: {kind: linear}\nloss: sigmoid_mse\n"
        "optimizer: {lr: 1e9}\ntrain: {batch_size: all, dtype: float64}\n",
        encoding="utf-8",
    )
    result = nntrain("gradcheck", "flat.yaml", "--inject", "no_two", "--after", "1")
    told = (
        "note: the bug is planted, but no entry that was checked shows it: it is lost in rounding, or in other "
        "entries; try --method both, --after 1 or --params all\n"
    )
    assert (result.status, result.err) == (0, told)


@pytest.fixture
def planted(plant_error):
    """Let the squared error's gradient be wrong by 0.1 %."""
    plant_error(Mse)


@pytest.mark.usefixtures("planted")
def test_an_error_of_a_tenth_of_a_percent(nntrain):
    settings = ("--set", "data.source=linear", "--set", "loss=mse")
    result = nntrain("gradcheck", "tiny.yaml", *settings)
    assert result.status == 8
    assert result.err == (
        "error: 4 of 4 disagree; first the loss mse: ∂cost/∂scores: "
        "every entry is 1.001 times the derivative: a constant factor\n"
    )
    assert nntrain("gradcheck", "tiny.yaml", *settings, "--json").json["agrees"] is False
    result = nntrain("gradcheck")
    assert result.status == 8
    assert re.search(r"^ loss +mse +96 +0 +1e-03 +1e-03 +WRONG$", result.out, re.M)
    assert re.search(r"^ loss +huber +96 +0 .* ok$", result.out, re.M)
    assert "\n first  the loss mse: ∂cost/∂scores\n" in result.out
    told = (
        r"error: 4 of \d+ parts disagree, loss mse, linear mse, mlp mse, …: disagree: .* error (1\.00e-03|9\.99e-04) .*"
    )
    assert re.fullmatch(told, result.err.removesuffix("\n"))


def test_everything_in_seconds(nntrain):
    start = process_time()
    result = nntrain("gradcheck")
    assert process_time() - start < 20
    assert (result.status, result.err) == (0, "")
    assert max(len(line) for line in result.out.splitlines() if not line.startswith(" error")) <= 100
    rows = re.findall(r"^ (\w+) +(\w+) +([\d,]+) +\d+ +\S+ +\S+( \*)? +(\w+)$", result.out, re.M)
    assert max(map(len, result.out.lstrip("\n").partition("\n\n")[0].splitlines())) <= 80
    known = registries()
    for group, names in {"activation": known["activations"], "loss": known["losses"], "mlp": known["losses"]}.items():
        assert [row[1] for row in rows if row[0] == group] == list(names)
    assert [row[1] for row in rows if row[0] in ("layer", "penalty")] == ["dense", "dropout", "l1", "l2"]
    assert {row[0] for row in rows} - {"activation", "loss", "layer", "penalty"} == set(known["models"])
    assert {row[4] for row in rows} == {"ok"}
    assert f"a model with hidden layers is checked with all {len(known['activations'])} activations" in result.out
    assert re.search(r"^ok: [\d,]+ entries agree, largest error \de-\d\d$", result.out, re.M)


@pytest.mark.parametrize("option", [("--set", "seed=1"), ("--batch", "3"), ("--inject", "no_mean"), ("--only", "x")])
def test_options_need_something_to_apply_to(option, nntrain):
    result = nntrain("gradcheck", *option)
    told = f"error: {option[0]}: there is nothing to apply it to; name a spec or a checkpoint\n"
    assert (result.status, result.err) == (2, told)


MISTAKES = {
    ("--params", "some"): "--params: must be 'all' or a number of entries, got 'some'",
    ("--params", "0"): "--params: must be 'all' or a number of entries, got '0'",
    (
        "--method",
        "centre",
    ): "--method: no such method, got 'centre'; did you mean 'central'? (one of both, central, complex)",
    (
        "--inject",
        "no_meen",
    ): f"--inject: no such bug, got 'no_meen'; did you mean 'no_mean'? (one of {', '.join(sorted(BUGS))})",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_mistakes(arguments, nntrain):
    result = nntrain("gradcheck", "tiny.yaml", *arguments)
    assert (result.status, result.out, result.err) == (2, "", f"error: {MISTAKES[arguments]}\n")


def test_a_cost_that_is_not_finite(nntrain):
    model = "model={kind: mlp, hidden: [4, 4, 4, 4, 4], activation: identity, init: {kind: normal, std: 1e37}}"
    result = nntrain("gradcheck", "tiny.yaml", "--set", model, "--set", "loss=mse", "--set", "train.dtype=float64")
    told = "error: the cost is inf at these parameters: there is no derivative to compare with\n"
    assert (result.status, result.out, result.err) == (8, "", told)


@pytest.mark.parametrize("method", ["central", "both"])
def test_a_large_network_is_checked_in_seconds(method, nntrain, real_data):
    spec, folder = Path(__file__).parents[2] / "configs" / "mnist-mlp.yaml", real_data / "mnist"
    arguments = ("--set", f"data.source.path={folder}", "--set", "runtime.threads=1", "--method", method)
    start = process_time()
    result = nntrain("gradcheck", spec, *arguments)
    assert process_time() - start < (5 if method == "central" else 15)
    assert result.status == 0
    assert result.out.startswith("mnist-mlp: 535,818 parameters at their initial values, 8 examples, float64\n")
    assert re.search(r"^ layers\.0\.W +512×784 +32 +0 +\S+ +\S+ .* ok$", result.out, re.M)
