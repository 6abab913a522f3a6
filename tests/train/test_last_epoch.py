"""``checkpoint.best: last`` is the last epoch, as null is."""

import pytest

from nntrain.ops.metrics import default_metrics
from nntrain.train.monitor import kept_monitor, problems
from nntrain.train.settings import Checkpointing, Stop


@pytest.mark.parametrize("best", ["last", None])
@pytest.mark.parametrize("validation", [True, False])
def test_the_last_epoch_is_the_result_whatever_patience_watches(best, validation):
    stop, checkpoint = Stop(patience=3), Checkpointing(best=best)
    assert kept_monitor(stop, checkpoint, default_metrics("classification"), validation=validation) is None
    assert not list(problems(stop, checkpoint, ["cost", "accuracy"], validation=validation))


def test_it_is_no_figure_that_patience_could_watch():
    found = list(problems(Stop(monitor="last"), Checkpointing(best="last"), ["cost"], validation=True))
    assert found == ["train.stop.monitor: no such figure, got 'last'; (one of train.cost, validation.cost)"]
