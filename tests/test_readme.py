"""README, docs and CONTRIBUTING are run: tables are fresh, commands work, links lead somewhere, the spec loads."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import readme
import yaml
from documents import sessions, tables

from nntrain.graph.operations import FUNCTIONS
from nntrain.spec import load

ROOT = Path(__file__).parents[1]
PAGES = readme.documents()
TEXT = "\n".join(PAGES.values())
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def region(name: str) -> str:
    """Return what stands between two markers."""
    return TEXT.partition(readme.begin(name))[2].partition(readme.end(name))[0].strip()


def commands() -> Iterator[str]:
    """Yield every command of the sh blocks, without its comment."""
    for block in blocks("sh"):
        for line in block.splitlines():
            yield re.sub(r"\s+#.*", "", line)


def run(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=ENVIRONMENT | more,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len(PAGES[ROOT / "README.md"].splitlines()) <= 400


def slug(title: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield where each link of a page leads: a file, and an anchor in it or nothing."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        yield (path.parent / file).resolve() if file else path, anchor


def anchors(path: Path) -> set[str]:
    """Return the anchors of all headings of a page."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {slug(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_a_file_and_a_heading(path: Path) -> None:
    for target, anchor in links(path):
        assert target.is_file(), target
        assert not anchor or anchor in anchors(target), f"{target.name}#{anchor}"


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {target for target, _ in links(ROOT / "README.md")}
    assert {path for path in PAGES if path.name != "README.md"} <= linked


def test_a_lost_page_and_a_lost_heading_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One, *two*: `3`\n\n[a](other.md) [b](#one-two-3) [c](page.md#four)\n", encoding="utf-8")
    assert list(links(page)) == [(tmp_path / "other.md", ""), (page, "one-two-3"), (page, "four")]
    assert anchors(page) == {"one-two-3"}


# --- generated parts --------------------------------------------------------------------------------------------------


def test_tables_are_fresh() -> None:
    assert readme.filled(PAGES, tables.TABLES) == PAGES, "run scripts/readme.py"


def test_a_stale_table_is_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = {tmp_path / path.name: path for path in PAGES}
    for copy, path in copies.items():
        copy.write_text(PAGES[path].replace("| `relu` |", "| `rely` |"), encoding="utf-8")
    monkeypatch.setattr(readme, "documents", lambda: {copy: copy.read_text(encoding="utf-8") for copy in copies})
    monkeypatch.setattr(sys, "argv", ["readme.py", "--check"])
    assert readme.main() == 1
    said = capsys.readouterr()
    assert said.err == "parts.md is stale: run scripts/readme.py\n"
    assert "-| `rely` |" in said.out
    monkeypatch.setattr(sys, "argv", ["readme.py"])
    assert readme.main() == 0
    assert {path: copy.read_text(encoding="utf-8") for copy, path in copies.items()} == PAGES


def test_lost_markers_are_told() -> None:
    lost = {path: text.replace("<!-- exits:end -->", "") for path, text in PAGES.items()}
    with pytest.raises(SystemExit, match="<!-- exits:begin -->"):
        readme.filled(lost, tables.TABLES)


TYPED = {"sweep-file"}  # what users write, and the tests below use
MEASURED = {"comparison"}  # taken from the output of other scripts, on idle machines
ADDED = {name for name in re.findall(r"^<!-- ([\w-]+):begin -->$", TEXT, re.MULTILINE) if name.startswith("add-")}


def test_every_region_is_written_by_someone() -> None:
    names = re.findall(r"^<!-- ([\w-]+):begin -->$", TEXT, re.MULTILINE)
    assert len(names) == len(set(names))
    assert set(names) == {*tables.TABLES, *sessions.SESSIONS, *MEASURED, *ADDED, *TYPED}


def test_every_registered_part_has_its_row() -> None:
    for registry in tables.registries().values():
        for kind, entry in registry.items():
            formula = entry.formula.replace("|", "\\|")
            assert f"| `{kind}` | `{formula}` | " in TEXT


def test_every_package_says_what_it_does_not_know() -> None:
    rows = region("all-packages").splitlines()[2:]
    assert [row for row in rows if "Knows " not in row] == []
    folders = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "nntrain").glob("*/**/__init__.py")}
    assert folders <= {row.split("`")[1].removesuffix("/") for row in rows}


def test_what_a_terminal_keeps() -> None:
    drawn = "\x1b[1mname\x1b[0m\r\n  bar 10%\r  bar 20%\r\x1b[Krow 1\r\n  bar 90%\r       \rend\r\n"
    assert sessions.left_over(drawn) == "name\nrow 1\nend"


@pytest.mark.parametrize(
    "name", ["session", "gradcheck", "injected", "own-data", "describe", "sweep", "compare", "groups", "sweep-script"]
)
def test_the_session_is_what_the_command_shows(name: str) -> None:
    assert shape(region(name)) == shape(sessions.SESSIONS[name]())


@pytest.mark.parametrize("name", ["diverged", "verify"])
def test_what_keeps_a_run_safe_is_what_the_command_shows(name: str) -> None:
    assert without_figures(region(name)) == without_figures(sessions.SESSIONS[name]())


def without_figures(text: str) -> str:
    """Return a text without numbers and digests, and without what names the machine."""
    return re.sub(r"sha256 \w+|numpy .*|[0-9][\w.,+]*", "", text)


@pytest.mark.parametrize("name", [name for name in sessions.SESSIONS if name.startswith("graph-")])
def test_the_graphs_are_what_the_command_shows(name: str) -> None:
    assert rounded(region(name)) == rounded(sessions.SESSIONS[name]())


def rounded(text: str) -> str:
    """Return a text without the sizes of rounding errors."""
    return re.sub(r" +(\de-1\d|0)$", "", text, flags=re.MULTILINE)


def test_the_functions_of_formulas_are_named() -> None:
    [names] = re.findall(r"the functions ((?:`\w+`,?\s)*`\w+`)", TEXT)
    assert re.findall(r"\w+", names) == sorted(FUNCTIONS)


def shape(session: str) -> list[str]:
    """Return the lines without figures, and without what depends on the machine."""
    lines = [line for line in session.splitlines() if not re.match(r" +(machine|run|time|[0-9]+/)\b", line)]
    return [
        re.sub(r"[0-9.,]+|-\d{8}T\d+Z-\w+|(?<=\d)e-\d\d|\s+|─+", " ", re.sub(r"runs/\S+", "RUN", line)).split()
        for line in lines
    ]


# --- the spec ---------------------------------------------------------------------------------------------------------


def test_the_spec_by_example_has_every_key(tmp_path: Path) -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```$", PAGES[ROOT / "README.md"], re.MULTILINE | re.DOTALL)
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    resolved = load(path).resolved
    assert list(keys(yaml.safe_load(text), resolved)) == []


def test_the_sweep_file_plans_its_runs(tmp_path: Path) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    text = region("sweep-file").removeprefix("```yaml\n").removesuffix("```")
    (tmp_path / "rates.yaml").write_text(text, encoding="utf-8")
    planned = run("nntrain sweep rates.yaml --commands", tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert len(planned.stdout.splitlines()) == (4 + 2) * 5  # settings of the grid and of the case, times seeds


def keys(given: Any, known: Any, where: str = "") -> Iterator[str]:
    """Yield each key of ``known`` that ``given`` leaves out, but for those of parts named by their kind alone."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        for name, value in known.items():
            if name in given:
                yield from keys(given[name], value, f"{where}{name}.")
            else:
                yield f"{where}{name}"


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as after the first command: configs, scripts, one finished run, and a table of new inputs."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("configs", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "new.csv").write_text("\n".join(",".join(["8"] * 64) for _ in range(3)) + "\n", encoding="utf-8")
    done = run("nntrain fit configs/digits-mlp.yaml --runs RUNS", folder)
    assert done.returncode == 0, done.stderr
    [made] = (folder / "RUNS").iterdir()
    made.rename(folder / "RUN")
    return folder


INSTALLING = [command for command in commands() if command.startswith("python3 -m venv")]
GATES = ("scripts/check.sh", "scripts/readme.py")  # run by themselves: the first runs these tests
WITH_DATA = [command for command in commands() if "FOLDER" in command]
RANKS = [command for command in commands() if command.startswith("mpiexec")]  # tests/runs/test_mpi_ranks.py runs ranks
RUNNABLE = [command for command in commands() if command not in (*INSTALLING, *GATES, *WITH_DATA, *RANKS)]


@pytest.mark.parametrize("command", RUNNABLE)
def test_the_command_works(command: str, folder: Path) -> None:
    if " report " in command or "--report" in command:
        pytest.importorskip("jinja2")
    result = run(command, folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize("command", WITH_DATA)
def test_the_command_works_with_data(command: str, real_data: Path, folder: Path) -> None:
    assert command.endswith("FOLDER")
    quick = f"{command.removesuffix('FOLDER')}'{real_data / 'mnist'}' --set train.max_steps=20 --set runtime.threads=1"
    result = run(quick, folder)
    assert result.returncode == 0, result.stderr


def test_installing_ends_in_the_main_example_and_in_the_tests() -> None:
    first, second = (command.split(" && ") for command in INSTALLING)
    assert first == [
        "python3 -m venv .venv",
        ".venv/bin/pip install .",
        ".venv/bin/nntrain fit configs/digits-mlp.yaml",
    ]
    assert second == [
        "python3 -m venv .venv",
        ".venv/bin/pip install -e '.[dev]'",
        ".venv/bin/python -m pytest -n auto",
    ]
    ci = ROOT / ".ci" / "run"
    if ci.exists():  # a source distribution comes without it
        assert ci.read_text(encoding="utf-8").splitlines()[-1] == INSTALLING[1]


def test_files_that_the_readme_names_are_there() -> None:
    named = set(re.findall(r"\b(?:configs|scripts|tests|nntrain)/[\w./-]+\.\w+", TEXT))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]
    assert all((ROOT / name).stat().st_mode & 0o111 for name in named if name.startswith("scripts/"))


def test_each_file_of_promises_is_in_their_table_and_each_test_there_says_which_it_shows() -> None:
    files = sorted((ROOT / "tests" / "promises").glob("test_*.py"))
    assert files
    assert not [path.name for path in files if f"`tests/promises/{path.name}`" not in TEXT]
    for path in (path for path in files if path.name.startswith("test_p")):
        names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert names
        promises = tuple(f"test_{promise}_" for promise in re.findall(r"_(p\d)", path.stem))
        assert all(name.startswith(promises) for name in names)


# --- adding an activation ---------------------------------------------------------------------------------------------

CHECK = """
import numpy as np
from nntrain.gradcheck.numeric import check
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import Mse
from nntrain.ops.models import Mlp

rng = np.random.default_rng(0)
model = Mlp(hidden=(5, 4), activation=(ACTIVATIONS["lecun_tanh"](),))
network = Network(model.layers(3, 2), Mse(), n_in=3, dtype="float64")
network.initialize(0)
X, T, theta = rng.normal(size=(7, 3)), rng.normal(size=(7, 2)), network.params.theta

def value_and_grad(at):
    theta[:] = at
    return network.value_and_grad(X, T)

report = check(value_and_grad, theta.copy())
assert report.passed, report
assert report.n_checked == theta.size
"""


@pytest.fixture
def extended(tmp_path: Path) -> Path:
    """Return a copy of the package with the README's activation in it."""
    return extended_by(tmp_path, "add-activation")


def extended_by(folder: Path, *names: str) -> Path:
    """Copy the package into a folder, and append each example to the file that is named before it."""
    shutil.copytree(ROOT / "nntrain", folder / "nntrain", ignore=shutil.ignore_patterns("__pycache__"))
    for name in names:
        before = TEXT.partition(readme.begin(name))[0]
        [*_, place] = re.findall(r"`(nntrain/[\w/]+\.py)`", before)
        code = region(name).removeprefix("```python\n").removesuffix("```")
        with (folder / place).open("a", encoding="utf-8") as file:
            file.write("\n\n" + code)
    return folder


def python(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package in this folder."""
    env = ENVIRONMENT | {"PYTHONPATH": str(package)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=package, env=env, capture_output=True, text=True, timeout=100, check=False)


def test_an_activation_is_one_class(extended: Path) -> None:
    checked = python(extended, "-c", CHECK)
    assert checked.returncode == 0, checked.stderr
    assert re.search(r"lecun_tanh +h = 1\.7159 tanh\(2z/3\)", nntrain(extended, "list", "activations").stdout)
    assert re.search(r"^ activation +lecun_tanh +24 +0 .* ok$", nntrain(extended, "gradcheck").stdout, re.MULTILINE)
    assert "lecun_tanh" in nntrain(extended, "schema").stdout
    config = str(ROOT / "configs" / "xor-relu.yaml")
    wrong = nntrain(extended, "check", config, "--set", "model.activation=lecun_tan")
    assert "did you mean 'lecun_tanh'?" in wrong.stderr
    trained = nntrain(extended, "fit", config, "--set", "model.activation=lecun_tanh", "--set", "train.epochs=5", "-q")
    assert trained.returncode == 0, trained.stderr


def test_a_wrong_derivative_of_the_activation_is_caught(extended: Path) -> None:
    path = extended / "nntrain" / "ops" / "activations" / "elementwise.py"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("1.7159 * 2 / 3 * (1", "1.7177 * 2 / 3 * (1"), encoding="utf-8")
    checked = python(extended, "-c", CHECK)
    assert checked.returncode == 1
    assert "AssertionError: disagree: largest relative error" in checked.stderr


# --- adding one of each kind ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with one new part of each kind, each in one file."""
    return extended_by(tmp_path_factory.mktemp("workshop"), *sorted(ADDED))


def nntrain(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the package in this folder."""
    return python(package, "-c", "from nntrain.cli import main; main()", *arguments)


def test_each_new_part_is_listed_with_its_formula(workshop: Path) -> None:
    listed = nntrain(workshop, "list").stdout
    for name in ADDED:
        [kind] = re.findall(r'^    kind: Literal\["(\w+)"\]', region(name), re.MULTILINE)
        assert re.search(rf"^ {kind}  ", listed, re.MULTILINE), kind


def test_the_gradients_of_the_new_parts_are_right(workshop: Path) -> None:
    checked = nntrain(workshop, "gradcheck")
    assert checked.returncode == 0, checked.stdout
    assert re.search(r"log_cosh .* ok$", checked.stdout, re.MULTILINE)


def test_a_spec_trains_with_all_new_parts_together(workshop: Path) -> None:
    spec = workshop / "new.yaml"
    spec.write_text(
        "data: {source: checkerboard, validation: 0.25}\n"
        "model: {kind: mlp, hidden: [16], activation: lecun_tanh, init: lecun_uniform}\n"
        "loss: log_cosh\nmetrics: [accuracy, top_two]\n"
        "optimizer: {kind: lion, lr: 0.02}\nschedule: polynomial\ntrain: {epochs: 60}\n",
        encoding="utf-8",
    )
    trained = nntrain(workshop, "fit", "new.yaml", "--json", "--no-plots")
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["train"]["top_two"] == 1
    assert json.loads(trained.stdout)["train"]["accuracy"] > 0.9  # without learning it is about 0.5


def test_a_new_format_is_read(workshop: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    vectors = np.column_stack((X, X[:, 0] > 0)).astype("<f4")
    lengths = np.full((60, 1), 4, "<i4")
    (workshop / "rows.fvecs").write_bytes(np.hstack((lengths, vectors.view("<i4"))).tobytes())
    spec = workshop / "vectors.yaml"
    spec.write_text(
        "data: {source: {kind: fvecs, path: rows.fvecs}}\nmodel: softmax\noptimizer: {kind: sgd, lr: 1}\n"
        "train: {epochs: 100}\n",
        encoding="utf-8",
    )
    trained = nntrain(workshop, "fit", "vectors.yaml", "--json", "--no-plots")
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["train"]["accuracy"] > 0.9
    (workshop / "rows.fvecs").write_bytes(b"\3\0\0\0rows")
    refused = nntrain(workshop, "check", "vectors.yaml")
    assert (refused.returncode, refused.stderr) == (
        3,
        "error: rows.fvecs: is not an fvecs file of vectors of one length\n",
    )
