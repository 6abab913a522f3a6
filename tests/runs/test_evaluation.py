"""What is made of a spec or a checkpoint: the assembly and its conflicts, the description, confusion, gradients."""

import numpy as np
import pytest

from nntrain.errors import CheckpointError, SpecError
from nntrain.inspection.layer_table import describe
from nntrain.runs import evaluate, open_model, prepare_run
from nntrain.runs.confusion import Confusion


def test_conflicts_come_all_at_once_with_their_places(tiny):
    spec = tiny("loss=hinge", "model=linear", "data.source=linear", "train.batch_size=900", "train.stop.monitor=a.b")
    with pytest.raises(SpecError) as caught:
        prepare_run(spec)
    places = [line.split(":")[0] for line in caught.value.problems]
    assert places == ["--set loss", "--set train.batch_size", "--set train.stop.monitor"]
    assert "hinge is for classification, the data are regression" in caught.value.problems[0]


def test_sigmoid_class_weights_are_two_whatever_the_classes(tiny):
    loss = "loss={kind: sigmoid_cross_entropy, class_weights: [1, 2]}"
    assert prepare_run(tiny("data.source=iris", loss)).assembly.network.n_out == 3


@pytest.mark.parametrize(("optimizer", "slots"), [("sgd", 0), ("{kind: sgd, momentum: 0.9}", 1), ("adam", 2)])
def test_the_description_counts_what_training_holds(optimizer, slots, tiny):
    found = describe(prepare_run(tiny(f"optimizer={optimizer}")).assembly)
    assert (found.weights, found.others, found.total) == (20, 7, 27)
    assert found.parameter_bytes == 27 * 4
    assert found.vectors == 3 + slots
    assert found.flops == 2 * 20
    assert found.batch_size == 8
    assert found.training_bytes == found.vectors * 27 * 4 + found.buffer_bytes


def test_buffers_grow_with_the_batch(tiny):
    small, large = (describe(prepare_run(tiny(f"train.batch_size={n}")).assembly).buffer_bytes for n in (2, 16))
    assert small < large < 16 * small


def test_evaluate_restores_the_scaling_of_training(tiny, trained, tmp_path):
    run, _ = trained(tiny("data.scale=standard"), "run")
    found = evaluate(open_model(tmp_path / "run"), "validation")
    assert found.figures["cost"] == run.summary["validation"]["cost"]
    assert found.figures["n"] == 10
    assert len(found.truth) == len(found.predictions.labels) == 10


def test_a_checkpoint_of_somebody_else_is_refused(tmp_path):
    from nntrain.artifacts import checkpoint
    from nntrain.artifacts.checkpoint import Checkpoint

    path = tmp_path / "x.safetensors"
    checkpoint.save(path, Checkpoint({"a": np.zeros(2)}, {"step": 1}))
    with pytest.raises(CheckpointError, match=r"x\.safetensors: lacks 'data'; was it written by nntrain\?"):
        open_model(path)


def test_confusion_by_hand():
    actual, decided = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 1])
    found = Confusion.of(actual, decided, ("a", "b", "c", "d"))
    assert found.counts.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    a, b, c, d = found.scores
    assert (a.precision, a.recall, a.f1, a.support) == (2 / 3, 2 / 3, 2 / 3, 3)
    assert (b.precision, b.recall, b.f1, b.support) == (1 / 3, 1 / 2, 2 / 5, 2)
    assert np.isnan(c.precision)
    assert (c.recall, c.f1, c.support) == (0, 0, 1)
    assert np.isnan([d.precision, d.recall, d.f1]).all()
