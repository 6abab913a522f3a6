"""Help is there for everything, at once, and without loading what it does not need."""

import os
import pkgutil
import subprocess
import sys

import pytest

from nntrain import __version__
from nntrain.cli import commands
from nntrain.cli.app import FIRST, GROUPS, find_commands, make_app

APP = make_app()
COMMANDS = [command.name for command in APP.registered_commands]
GROUPED = [
    (group.typer_instance.info.name, command.name)
    for group in APP.registered_groups
    for command in group.typer_instance.registered_commands
]
EVERY = [*((name,) for name in COMMANDS), *GROUPED]
QUICK = 0.150  # seconds

LOADED = """
import sys
from nntrain.cli.entry import run
for arguments in {arguments}:
    run(arguments)
heavy = ("numpy", "pydantic", "yaml", "rich", "tqdm", "matplotlib", "nntrain.spec", "nntrain.runs")
print([name for name in heavy if name in sys.modules])
"""


def test_help_loads_nothing_heavy():
    arguments = [["--help"], ["--version"], *([*names, "--help"] for names in EVERY)]
    command = [sys.executable, "-c", LOADED.format(arguments=arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert child.stdout.splitlines()[-1] == "[]"


def test_help_is_quick(process):
    times = []
    while len(times) < 20 and (not times or min(times) >= QUICK):
        child = process("--help")
        with child.stdout, child.stderr:
            _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        times.append(used.ru_utime + used.ru_stime)  # not the clock on the wall: other tests run meanwhile
    assert min(times) < QUICK


@pytest.mark.parametrize(("word", "names"), [("fit", ["fit"]), ("data", ["data_describe"])])
def test_a_command_line_has_the_named_command_alone(word, names):
    assert [name for name, _ in find_commands(word)] == names
    assert len(list(find_commands("f"))) == len(list(find_commands(""))) > len(names)


def test_help_names_every_command(nntrain):
    result = nntrain("--help")
    assert (result.status, result.err) == (0, "")
    modules = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    assert sorted("_".join(names).replace("-", "_") for names in EVERY) == sorted(modules)
    assert [name.replace("_", "-") for name in FIRST] == COMMANDS[: len(FIRST)]
    assert sorted(COMMANDS[len(FIRST) :]) == COMMANDS[len(FIRST) :]
    assert {group for group, _ in GROUPED} >= set(GROUPS)
    assert all(f"\n  {name} " in result.out for name in [*COMMANDS, *dict(GROUPED)])
    assert max(map(len, result.out.splitlines())) <= 80
    assert "..." not in result.out.replace("[ARGS]...", "")  # no description is cut


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_every_command_explains_itself_and_its_arguments(names, nntrain):
    result = nntrain(*names, "--help")
    assert result.status == 0
    usage, _, rest = result.out.partition("\n\n")
    assert usage.startswith(f"Usage: nntrain {' '.join(names)} ")
    assert rest.strip()
    assert "Try" not in result.out


def test_without_a_command_the_help_is_an_answer_to_a_wrong_call(nntrain):
    result = nntrain()
    assert (result.status, result.out) == (2, "")
    assert result.err == nntrain("--help").out


def test_a_mistyped_command_gets_a_hint(nntrain):
    result = nntrain("fti")
    assert result.status == 2
    assert result.err.startswith("error: No such command 'fti'. Did you mean 'fit'?")
    assert result.err.count("\n") == 1


def test_version(nntrain):
    assert nntrain("--version").out == f"nntrain {__version__}\n"
