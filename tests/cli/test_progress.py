"""The bar of a run while it trains: its epoch and its running cost."""

import os
import pty
import re
import termios
from types import SimpleNamespace

import pytest

from nntrain.cli.output.progress import label_of


@pytest.mark.parametrize(
    ("epoch", "cost_sum", "rows", "last", "label"),
    [
        (0, 0.0, 0, None, "epoch 1/30"),
        (0, 74.0, 32, None, "epoch 1/30, cost 2.3125"),
        (29, 1e-5, 100, 2.0, "epoch 30/30, cost 1.00e-07"),
        (30, 0.0, 0, 0.5, "epoch 30/30, cost 0.5000"),
    ],
)
def test_the_label_has_the_mean_cost_of_the_rows_so_far(epoch, cost_sum, rows, last, label):
    assert label_of(SimpleNamespace(epoch=epoch, cost_sum=cost_sum, rows=rows), 30, last) == label


def test_a_terminal_shows_it(process, here):
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (24, 100))
    run = ("fit", "tiny.yaml", "--no-plots", "--set", "train.epochs=20000", "--set", "train.stop.max_seconds=1")
    started = process(*run, stderr=far, environment={"TERM": "xterm", "COLUMNS": "100"})
    os.close(far)
    shown = b""
    while True:
        try:
            shown += os.read(near, 65536)
        except OSError:
            break
    os.close(near)
    started.communicate()
    assert started.returncode == 0
    assert re.search(rb"epoch \d+/20000, cost \d\.[\de-]+ ", shown)
