"""Inputs that stay on the disk: the same numbers, the same batches, in bounded memory."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.core.plan import Plan
from nntrain.core.types import Array
from nntrain.data.batches.shuffle import BlockShuffle
from nntrain.data.batches.streamed import WindowedBatches, batches_of
from nntrain.data.formats import npy
from nntrain.data.formats.npy import open_npy
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.options import DataOptions
from nntrain.data.prepare import prepare
from nntrain.data.sources.npy import NpyFiles
from nntrain.errors import DataError
from nntrain.runs import prepare_run
from nntrain.spec import load

RNG = np.random.default_rng(0)
X = RNG.integers(0, 200, (500, 3)).astype(np.float64)


@pytest.fixture
def save(tmp_path: Path) -> Any:
    def write(name: str, array: Array) -> Path:
        np.save(tmp_path / name, array)
        return tmp_path / name

    return write


@pytest.mark.parametrize("stored", ["<f4", ">f4", "<f8", ">i2", "u1", "?"])
def test_rows_are_those_of_the_array(save: Any, stored: str) -> None:
    values = X.astype(stored)
    array = open_npy(save("x.npy", values))
    assert (array.shape, len(array), array.dtype.isnative) == (values.shape, 500, True)
    chosen = np.unique(RNG.integers(0, 500, 200))
    for disk, memory in ((array, values), (array.select(chosen), values[chosen])):
        np.testing.assert_array_equal(disk[:], memory)
        np.testing.assert_array_equal(disk[7:40], memory[7:40])
        rows = RNG.permutation(len(memory))[:90]
        np.testing.assert_array_equal(disk[rows], memory[rows])
        np.testing.assert_array_equal(np.concatenate(list(disk.pieces())), memory)
    twice = np.array([3, 499, 3])
    np.testing.assert_array_equal(array[twice], values[twice])
    np.testing.assert_array_equal(array.select(chosen).select(np.arange(0, 50, 7))[:], values[chosen][:50:7])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.asfortranarray(X), "is stored column by column; store it by row, with np.ascontiguousarray"),
        (X[:, 0], "inputs are rows of numbers, got shape (500,) of float64"),
        (X[:0], "inputs are rows of numbers, got shape (0, 3) of float64"),
        (X.astype(str), "inputs are rows of numbers, got shape (500, 3) of <U32"),
        (X * 1j, "values of type complex128 are not numbers or text"),
    ],
)
def test_what_cannot_stay_on_the_disk(save: Any, array: Array, message: str) -> None:
    path = save("x.npy", array)
    with pytest.raises(DataError) as caught:
        open_npy(path)
    assert str(caught.value) == f"{path}: {message}"


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _replace(path: Path) -> None:
    other = path.with_name("other.npy")
    np.save(other, X + 1)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)


def _overwrite(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("change", [_cut_short, _replace, _overwrite])
def test_a_file_that_changes_after_it_was_opened_is_not_read_on(save: Any, change: Callable[[Path], None]) -> None:
    path = save("x.npy", X)
    array = open_npy(path)
    assert array[:10].shape == (10, 3)
    change(path)
    with pytest.raises(
        DataError, match=r"x\.npy: has changed since this run began; bring back what it held, and resume"
    ):
        array[:10]


def test_a_file_that_changes_while_it_is_read_is_not_believed(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("x.npy", X)
    array, read = open_npy(path), OnDisk._read
    monkeypatch.setattr(OnDisk, "_read", lambda *arguments: (read(*arguments), _overwrite(path)))
    with pytest.raises(DataError, match=r"x\.npy: has changed since this run began"):
        array[:10]


def test_a_file_that_shrinks_while_it_is_loaded_is_an_error_and_no_crash(
    save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save("x.npy", X)
    check = npy._check_header

    def cut(*arguments: Any) -> Any:
        header = check(*arguments)
        os.truncate(path, 1000)
        return header

    monkeypatch.setattr(npy, "_check_header", cut)
    with pytest.raises(DataError, match=r"x\.npy: has become shorter while it was read$"):
        npy.read_npy(path)


def test_a_file_that_is_written_to_while_it_is_loaded_is_refused(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("x.npy", X)
    fill = npy._fill
    monkeypatch.setattr(npy, "_fill", lambda *arguments: (fill(*arguments), _overwrite(path)))
    with pytest.raises(DataError, match=r"x\.npy: has changed while it was read; wait until nothing writes to it"):
        npy.read_npy(path)


def test_a_value_that_is_not_finite_is_placed(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.on_disk.PIECE", 100 * 24)
    bad = X.copy()
    bad[317, 2] = np.nan
    source = NpyFiles(X=save("x.npy", bad), y=save("y.npy", np.arange(500) % 3), memory="stream")
    with pytest.raises(DataError) as caught:
        source.load(0)
    assert str(caught.value) == f"{source.X}[317, 2]: is not a finite number, got nan"


@pytest.mark.parametrize("scale", ["none", "unit", "standard", "minmax"])
@pytest.mark.parametrize("stored", ["<f4", ">f8", "u1"])
def test_everything_fitted_and_scaled_is_the_same(save: Any, scale: Any, stored: str) -> None:
    paths = {"X": save("x.npy", X.astype(stored)), "y": save("y.npy", np.arange(500) % 3)}
    loaded, streamed = (
        prepare(
            DataOptions(NpyFiles(**paths, memory=memory), validation=0.2, test=50, scale=scale), seed=0, dtype="float32"
        )
        for memory in ("load", "stream")
    )
    assert loaded.fingerprint == streamed.fingerprint
    for name, tensor in loaded.transform.tensors().items():
        np.testing.assert_array_equal(streamed.transform.tensors()[name], tensor)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(streamed.part(name).array, loaded.part(name).array)
        np.testing.assert_array_equal(streamed.part(name).y, loaded.part(name).y)


# --- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 40, 41, 500, 503])
def test_blocks_are_shuffled_and_every_row_comes_once(size: int) -> None:
    shuffle = BlockShuffle(rows=5, blocks=8)
    first, again, second, other = (shuffle.order(size, seed, epoch) for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0)))
    for order in (first, second, other):
        assert sorted(order.tolist()) == list(range(size))
    np.testing.assert_array_equal(first, again)
    if size > 7:
        assert len({tuple(order) for order in (first, second, other)}) == 3
    starts = [
        np.concatenate([rows[mixed] for rows, mixed in shuffle.windows(size, 0, 0, number)])
        for number in range(-(-size // shuffle.window))
    ]
    for number, rest in enumerate(starts):
        np.testing.assert_array_equal(rest, first[number * shuffle.window :])


def test_a_window_is_drawn_from_all_over_the_file() -> None:
    shuffle = BlockShuffle(rows=5, blocks=8)
    order = shuffle.order(10_000, 0, 0)
    means = order.reshape(-1, shuffle.window).mean(axis=1)
    assert means.std() < 10_000 / np.sqrt(12) / 2  # of rows in their order it would be as wide as that of all rows
    distances = np.abs(np.diff(order))
    assert (distances < 5).mean() < 0.2


def test_windows_hold_whole_batches() -> None:
    for row_bytes, batch in ((3136, 128), (4, 1), (4, 100_000), (10**7, 3)):
        shuffle = BlockShuffle.of(row_bytes, batch)
        assert shuffle.rows % batch == 0
        assert shuffle.blocks >= 8
        assert shuffle.window * row_bytes >= 1 << 25


@pytest.fixture(params=["on time", "behind", "as it comes"])
def helper(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the helper always be waited for, or always be too late, or either; a group is two batches."""
    monkeypatch.setattr("nntrain.data.batches.in_memory.MOST_AHEAD", 2)
    if request.param == "on time":
        monkeypatch.setattr("concurrent.futures.Future.cancel", lambda self: False)
    if request.param == "behind":
        load = WindowedBatches._load

        def slowly(self: WindowedBatches, rows: Array, begin: int) -> None:
            time.sleep(0.002)
            load(self, rows, begin)

        monkeypatch.setattr(WindowedBatches, "_load", slowly)


@pytest.mark.parametrize("width", [1, 3, 40])
@pytest.mark.parametrize("first", [0, 1, 9, 23])
@pytest.mark.parametrize("stored", ["<f4", "u1", ">f8"])
@pytest.mark.usefixtures("helper")
def test_batches_are_those_of_memory(save: Any, width: int, first: int, stored: str) -> None:
    y = np.arange(500)
    t = (y[:, None] + np.arange(width) / 10).astype(np.float32)
    paths = {"X": save("x.npy", X.astype(stored)), "y": save("y.npy", y % 3)}
    shuffle = BlockShuffle(rows=20, blocks=5)
    taken = []
    for memory in ("load", "stream"):
        data = prepare(DataOptions(NpyFiles(**paths, memory=memory), scale="standard"), seed=0, dtype="float32")
        batches = batches_of(data.train.X, t, y, batch_size=20, seed=5, plan=Plan(), shuffle=shuffle)
        assert isinstance(batches, WindowedBatches) == (memory == "stream")
        assert batches.per_epoch == 25
        taken.append([(b.X.copy(), b.t.copy(), b.y.copy()) for b in batches.epoch(2, first=first)])
    assert len(taken[0]) == 25 - first
    for ours, theirs in zip(*taken, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("helper")
def test_a_fault_while_reading_ahead_is_told(save: Any) -> None:
    path, y = save("x.npy", X), np.arange(500)
    data = prepare(DataOptions(NpyFiles(X=path, y=save("y.npy", y % 3), memory="stream")), seed=0, dtype="float64")
    shuffle = BlockShuffle(rows=20, blocks=5)
    t = y[:, None].astype(np.float32)
    batches = batches_of(data.train.X, t, y, batch_size=20, seed=5, plan=Plan(), shuffle=shuffle)
    taken = batches.epoch(0)
    next(taken)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"x\.npy: has changed since this run began"):
        list(taken)


@pytest.mark.usefixtures("helper")
def test_a_short_last_batch(save: Any) -> None:
    y = np.arange(497)
    t = y[:, None].astype(np.float32)
    paths = {"X": save("x.npy", X[:497]), "y": save("y.npy", y % 3)}
    shuffle = BlockShuffle(rows=20, blocks=3)
    data = prepare(DataOptions(NpyFiles(**paths, memory="stream")), seed=0, dtype="float64")
    seen = {}
    batches = batches_of(data.train.X, t, y, batch_size=20, seed=5, plan=Plan(), shuffle=shuffle)
    for _ in range(2):
        sizes = []
        for batch in batches.epoch(0):
            np.testing.assert_array_equal(batch.X, X[batch.y])
            np.testing.assert_array_equal(batch.t[:, 0], batch.y)
            sizes.append(len(batch.y))
            facts = [(a.ctypes.data, a.shape, a.strides) for a in (batch.X, batch.t, batch.y)]
            assert seen.setdefault(batch.slot, facts) == facts
        assert sizes == [20] * 24 + [17]


# --- whole runs -------------------------------------------------------------------------------------------------------

SPEC = """
data:
  source: {kind: npy, X: X.npy, y: y.npy}
  validation: 0.1
  scale: standard
  shuffle: blocks
model: {kind: mlp, hidden: [16]}
optimizer: {kind: sgd, lr: 0.05}
train: {epochs: 1, batch_size: 128}
checkpoint: {every_epochs: null}
"""
MEBIBYTE = 1 << 20


def make(folder: Path, mebibytes: int, width: int = 784) -> None:
    """Write X.npy of so many MiB of float32, y.npy and the spec."""
    rows = mebibytes * MEBIBYTE // (4 * width)
    file = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, (rows, width))
    rng = np.random.default_rng(0)
    labels = np.empty(rows, np.int64)
    for start in range(0, rows, 10_000):
        block = rng.random((min(10_000, rows - start), width), np.float32)
        file[start : start + 10_000] = block
        labels[start : start + 10_000] = block[:, :50].sum(axis=1) > 25
    file.flush()
    np.save(folder / "y.npy", labels)
    (folder / "config.yaml").write_text(SPEC)


def fit(folder: Path, run: str, *overrides: str) -> tuple[list[dict[str, Any]], int]:
    """Train in a process of its own; return the metrics and the most KiB that were resident."""
    options = [word for override in overrides for word in ("--set", override)]
    _, peak = measured(folder, run, "fit", "config.yaml", "--no-plots", *options, "--run-dir", run)
    lines = (folder / run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines], peak


def measured(folder: Path, name: str, *arguments: str) -> tuple[str, int]:
    """Run a command in a process of its own; return its output and the most KiB that were resident."""
    program = (
        "import sys; from nntrain.cli import main; peak = sys.argv.pop(1)\n"
        "try:\n    main()\n"
        "finally:\n    open(peak, 'w').write(open('/proc/self/status').read())"
    )
    command = [sys.executable, "-c", program, f"{name}.peak", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=1500)
    status = (folder / f"{name}.peak").read_text()  # the usage of resources would count this process as well
    return done.stdout, int(status.partition("VmHWM:")[2].split()[0])


def described(folder: Path, *overrides: str) -> tuple[dict[str, Any], int]:
    """Describe in a process of its own; return what is said, and the most KiB that were resident."""
    options = [word for override in overrides for word in ("--set", override)]
    told, peak = measured(folder, "described", "data", "describe", "config.yaml", "--json", *options)
    return json.loads(told), peak


def figures(records: list[dict[str, Any]]) -> list[Any]:
    return [(record["train"], record["validation"], record["gradient_norm"]) for record in records]


def test_a_run_from_disk_is_that_from_memory_in_a_part_of_the_space(tmp_path: Path) -> None:
    make(tmp_path, 100)
    loaded, more = fit(tmp_path, "loaded", "data.source.memory=load")
    streamed, less = fit(tmp_path, "streamed", "data.source.memory=stream")
    assert figures(loaded) == figures(streamed)
    read = [(tmp_path / run / "summary.json").read_text() for run in ("loaded", "streamed")]
    assert json.loads(read[0])["train"] == json.loads(read[1])["train"]
    assert less < more - 50 * 1024, (less, more)


def test_a_description_from_disk_is_that_from_memory_in_a_part_of_the_space(tmp_path: Path) -> None:
    make(tmp_path, 60)
    loaded, more = described(tmp_path, "data.source.memory=load")
    streamed, less = described(tmp_path, "data.source.memory=stream")
    for key in ("rows", "counts", "repeated", "baseline", "fingerprint", "warnings", "duplicates", "constant"):
        assert streamed[key] == loaded[key]
    assert less < more - 50 * 1024, (less, more)


def test_an_autoencoder_is_told_that_its_targets_are_its_inputs(tmp_path: Path) -> None:
    make(tmp_path, 1)
    overrides = ["data.source.memory=stream", "model={kind: autoencoder, hidden: [4]}", "loss=mse"]
    with pytest.raises(
        DataError, match=r"^data: an autoencoder needs its inputs in memory; set data\.source\.memory to"
    ):
        prepare_run(load(tmp_path / "config.yaml", overrides))


@contextmanager
def evicted(path: Path) -> Iterator[None]:
    """Keep a file out of the page cache, so that every reading of it comes from the disk."""
    done = threading.Event()

    def evict() -> None:
        with path.open("rb") as file:
            while not done.wait(0.2):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    thread = threading.Thread(target=evict)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_six_gigabytes_train_in_less_than_one_at_the_speed_of_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file larger than memory is held to; the throughput is compared with a sixth of it in memory."""
    small, large, hidden = tmp_path / "small", tmp_path / "large", "model.hidden=[100]"
    for folder, mebibytes in ((small, 950), (large, 6000)):
        folder.mkdir()
        make(folder, mebibytes)
    before = fit(small, "before", hidden, "train.epochs=2")[0][-1]["examples_per_second"]
    records, peak = fit(large, "cached", hidden)
    after = fit(small, "after", hidden, "train.epochs=2")[0][-1]["examples_per_second"]
    with evicted(large / "X.npy"):
        cold = fit(large, "cold", hidden)[0][-1]["examples_per_second"]
    shutil.rmtree(tmp_path)
    speed, memory = records[-1]["examples_per_second"], (before + after) / 2
    with capsys.disabled():
        sys.stdout.write(
            f"\n6 GB: at most {peak >> 10} MiB resident; {speed:.0f} examples/s, {speed / memory:.2f} of memory's "
            f"({before:.0f}, {after:.0f}); with a cold cache {cold:.0f}, {cold / memory:.2f}\n"
        )
    assert peak < 1000 * 1024
    assert speed >= 0.8 * memory
