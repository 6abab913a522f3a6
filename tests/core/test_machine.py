"""The record of the environment, and what is said when it has changed."""

import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.artifacts import strict_json
from nntrain.core import machine as module
from nntrain.core.machine import changes, environment, git_commit


def test_it_names_what_results_depend_on() -> None:
    facts = environment()
    assert facts["nntrain"] == nntrain.__version__
    assert facts["python"].endswith(platform.python_version())
    assert facts["numpy"] == np.__version__
    assert facts["cpus"] >= 1
    assert facts["blas"], "NumPy comes with a BLAS"
    for library in facts["blas"]:
        assert library.keys() == {"library", "version", "architecture", "threading", "threads"}
        assert library["threads"] >= 1


def test_it_is_json_without_paths_of_this_machine() -> None:
    facts = environment()
    text = strict_json.compact(facts)
    assert strict_json.parse(text) == facts
    assert str(Path.home()) not in text
    assert "site-packages" not in text


def repository(folder: Path) -> str:
    (folder / "nntrain").mkdir(parents=True)
    (folder / "nntrain" / "a.py").write_text("1\n")
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for command in (["init", "-q"], ["add", "nntrain"], [*identity, "commit", "-q", "-m", "m"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return subprocess.check_output(["git", "-C", str(folder), "rev-parse", "HEAD"], text=True).strip()


def test_commit_of_a_checkout_with_a_plus_when_files_differ(tmp_path: Path) -> None:
    commit = repository(tmp_path / "source")
    assert git_commit(tmp_path / "source") == commit
    (tmp_path / "source" / "nntrain" / "a.py").write_text("2\n")
    assert git_commit(tmp_path / "source") == f"{commit}+"


def test_a_package_inside_somebody_elses_checkout_has_no_commit(tmp_path: Path) -> None:
    repository(tmp_path / "source")
    (tmp_path / "source" / "site-packages").mkdir()
    assert git_commit(tmp_path / "source" / "site-packages") is None
    assert git_commit(tmp_path) is None


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert git_commit(tmp_path) is None


def test_a_broken_checkout_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("nonsense")
    assert git_commit(tmp_path) is None


def test_no_change_is_no_line() -> None:
    assert changes(environment(), environment()) == []


def test_changes_that_may_move_the_last_digits_are_told() -> None:
    before = {"numpy": "2.3.1", "blas": [{"library": "openblas", "threads": 1}], "platform": "old", "cpu": None}
    now = {"numpy": "2.4.0", "blas": [{"library": "openblas", "threads": 2}], "platform": "new", "cpu": "X"}
    assert changes(before, now) == [
        "numpy: 2.3.1 before, 2.4.0 now",
        "blas.threads: 1 before, 2 now",
        "cpu: unknown before, X now",
    ]
    two = {"blas": [{"threads": 1}, {"threads": 1}]}
    assert changes(two, {"blas": [{"threads": 1}, {"threads": 3}]}) == ["blas[1].threads: 1 before, 3 now"]
    assert len(changes(two, {"blas": []})) == 1
    assert changes({"plan": {"threads": 1}}, {"plan": {"threads": 2}}) == ["plan.threads: 1 before, 2 now"]
    assert changes({}, {"python": "CPython 3.12.1"}) == ["python: unknown before, CPython 3.12.1 now"]


def test_processor_is_named_where_the_system_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **kw: "processor\t: 0\nmodel name\t: Quick 9000: B\n")
    assert module.cpu() == "Quick 9000: B"
