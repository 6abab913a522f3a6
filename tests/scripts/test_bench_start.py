"""The measurement of whole commands: its figures, and that every command works."""

import bench_start
import pytest


def test_figures_are_medians_of_paired_ratios():
    rounds = [
        {"import numpy": (1.0, 0.5), "help": (2.0, 1.0)},
        {"import numpy": (3.0, 1.0), "help": (1.0, 4.0)},
        {"import numpy": (2.0, 2.0), "help": (4.0, 2.0)},
    ]
    assert bench_start.figures(rounds) == {
        "import numpy: by the clock, s": 2.0,
        "import numpy: processor, s": 1.0,
        "help: by the clock, s": 2.0,
        "help: processor, s": 2.0,
        "help: times import numpy": 2.0,
    }


def test_predict_and_one_step_are_measured(capsys):
    assert bench_start.main(["--quick", "--only", "predict", "--only", "one step"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split(":")[0] for line in lines] == ["import numpy"] * 2 + ["one step"] * 3 + ["predict"] * 3
    assert all(float(line.split("  ")[-1]) > 0 for line in lines)


def test_a_command_that_fails_ends_the_measurement():
    with pytest.raises(SystemExit, match="bench_start: exit status 3 from"):
        bench_start.run([bench_start.sys.executable, "-c", "raise SystemExit(3)"])
