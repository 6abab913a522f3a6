"""The comparison with scikit-learn on two small sets: it runs without scikit-learn, and says what it leaves out."""

import compare_sklearn
import pytest
from comparison.sets import SETS, drawn

from nntrain.data.sources.packaged import FILES

HEAD = "| data set | rows | splits | nntrain | sklearn MLP | sklearn linear | difference | verdict |"


@pytest.fixture
def folder(tmp_path):
    """Return a folder with iris as others have it, and a set with ids first and labels second."""
    _, *flowers = (FILES / "iris.csv").read_text(encoding="utf-8").splitlines()
    tumours = [f"{84230 + 7 * k},{'BM'[k % 2]},{k % 2 * 9 + k % 5}.25,{k % 7}.5" for k in range(80)]
    for name, lines in (("iris", flowers), ("wdbc", tumours)):
        path = tmp_path / SETS[name].path
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_two_sets_are_compared_by_one_table(folder, monkeypatch, capsys):
    monkeypatch.setattr(compare_sklearn, "find_spec", lambda name: None)
    status = compare_sklearn.main(["--data", str(folder), "--only", "iris", "wdbc", "--splits", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert lines[0] == HEAD
    assert lines[-1] == "Left out: scikit-learn's MLP and linear model (not installed)."
    for line, name in zip(lines[2:4], ("iris", "wdbc"), strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert (cells[0], cells[2], cells[4:]) == (f"{name}, accuracy", "2", ["–"] * 4)
        assert 80 < float(cells[3].split()[0]) <= 100


def test_the_verdict_is_about_the_better_of_theirs():
    result = compare_sklearn.Result("iris", "accuracy", 100, [90.0, 94.0], [91.0, 95.0], [80.0, 80.0])
    assert (result.differences, result.is_below) == ([-1.0, -1.0], False)
    assert result.cells[-2:] == ("-1.00 ± 0.00", "within")
    result.mlp[:] = [93.0, 95.0]
    assert result.is_below
    assert result.cells[-1] == "BELOW"


def test_a_quarter_of_each_class_tests():
    labels = ["a"] * 40 + ["b"] * 12
    chosen = drawn(labels, 0)
    assert (sum(chosen[:40]), sum(chosen[40:])) == (10, 3)
    assert chosen == drawn(labels, 0) != drawn(labels, 1)
