"""Rules that hold for the whole package and that no single module can see: imports, dependencies, forbidden words.

Each rule is also run on a planted breach, so a rule that no longer bites fails here.
"""

import ast
import functools
import importlib
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import nntrain
from nntrain.cli.app import find_commands, make_app
from nntrain.cli.commands.list import registries as list_registries
from nntrain.core.registry import Registry

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nntrain"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULE_OF = {
    "pyyaml": "yaml",
    "annotated-types": "annotated_types",
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "tensorboardx": "tensorboardX",
    "mlflow-skinny": "mlflow",
}  # where the import is called otherwise


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path):
    return path.relative_to(ROOT).as_posix()


def name_of(requirement):
    return re.match(r"[A-Za-z0-9_.-]+", requirement).group().lower()


def dotted(node):
    """Return ``"np.random.seed"`` for a chain of attributes, else the empty string."""
    if isinstance(node, ast.Name):
        return node.id
    head = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{head}.{node.attr}" if head else ""


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


# --- imports ---------------------------------------------------------------------------------------------------------


def lint_imports(folder):
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_every_import_points_downwards():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


BREACHES = {
    "core/up.py": ("import nntrain.ops.schedules\n", "Layers"),
    "utils.py": ("", "Layers"),
    "train/yaml_here.py": ("import yaml\n", "Only the spec knows pydantic and YAML"),
    "data/prints.py": ("import rich\n", "Only the command line talks to a terminal"),
    "data/draws.py": ("import matplotlib\n", "Only drawing draws"),
    "ops/initializers.py": ("import nntrain.ops.optimizers\n", "Losses, optimizers, initialisers and layers"),
}


@pytest.mark.parametrize("path", BREACHES)
def test_a_planted_import_is_caught(path, tmp_path):
    text, contract = BREACHES[path]
    shutil.copytree(PACKAGE, tmp_path / "nntrain", ignore=shutil.ignore_patterns("__pycache__", "files"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "nntrain" / path).write_text(text, encoding="utf-8")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout
    assert re.search(f"{contract}.* BROKEN", result.stdout), result.stdout


def circles(imports):
    """Return the modules from which a chain of imports leads back to them; ``imports`` are those of each module."""
    reached = {}
    for start in imports:
        found, ahead = set(), [*imports[start]]
        while ahead:
            module = ahead.pop()
            if module not in found:
                found.add(module)
                ahead += imports.get(module, ())
        reached[start] = found
    return sorted(module for module, found in reached.items() if module in found)


def imports_of_modules():
    """Return for each module those that it imports, inside functions and for type hints as well."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCES}
    found = {}
    for name, path in names.items():
        targets = set()
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = {f"{node.module}.{alias.name}" for alias in node.names} & set(names)
                targets |= modules or {node.module}  # a module that is imported from its package, or names of a module
        found[name] = targets & set(names)
    return found


def test_no_file_imports_itself_over_others():
    assert circles(imports_of_modules()) == []


def test_a_circle_would_be_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


# --- dependencies ----------------------------------------------------------------------------------------------------


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    names = {name.split(".")[0] for path in SOURCES for name in imported(tree_of(path))}
    third_party = names - set(sys.stdlib_module_names) - {"nntrain"}
    extras = [part for name, part in PROJECT["optional-dependencies"].items() if name != "dev"]
    declared = {name_of(requirement) for part in (PROJECT["dependencies"], *extras) for requirement in part}
    assert third_party == {MODULE_OF.get(name, name) for name in declared}


def test_the_lock_pins_every_dependency_by_hash_and_names_no_host():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|^-|/", text, re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", text.strip())
    pinned = {re.match(r"([a-z0-9._-]+)==\S+", block).group(1) for block in blocks}
    assert all("--hash=sha256:" in block for block in blocks)
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    assert {name_of(requirement) for requirement in wanted} <= pinned


def test_the_command_is_where_the_script_looks_for_it():
    module, function = PROJECT["scripts"]["nntrain"].split(":")
    assert callable(getattr(importlib.import_module(module), function))


# --- words that must not occur ---------------------------------------------------------------------------------------


def calls(tree):
    return ((node, dotted(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call))


SPOKEN = ("sys.stdout.", "sys.stderr.", "warnings.warn", "logging.")


def prints(tree, path):
    """Below the command line nothing speaks."""
    if path.startswith("nntrain/cli/"):
        return
    yield from (node for node, name in calls(tree) if name in {"print", "input"} or name.startswith(SPOKEN))
    yield from (name for name in imported(tree) if name.split(".")[0] == "logging")


def runs_code(tree, path):
    """Reading files never runs code: no pickle, no eval, and np.load only with allow_pickle=False."""
    yield from (name for name in imported(tree) if name.split(".")[0] in {"pickle", "marshal", "shelve", "dill"})
    for node, name in calls(tree):
        if name in {"eval", "exec"}:
            yield node
        safe = any(word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in node.keywords)
        if name in {"np.load", "numpy.load"} and not safe:
            yield node


def global_randomness(tree, path):
    """Randomness comes from core/rng.py alone, as a function of seed, stream and index."""
    if path == "nntrain/core/rng.py":
        return
    yield from (name for name in imported(tree) if name.split(".")[0] in {"random"})
    for node, name in calls(tree):
        if name.startswith(("np.random.", "numpy.random.")):
            yield node


def renames(tree, path):
    """Only artifacts/durable.py replaces files, with everything synced before and after."""
    if path == "nntrain/artifacts/durable.py":
        return
    yield from (node for node, name in calls(tree) if name in {"os.replace", "os.rename", "os.renames", "shutil.move"})
    yield from (node for node, name in calls(tree) if is_method_of_paths(node, name))


def is_method_of_paths(node, name):
    """Path.replace takes one argument and no keyword, as neither str.replace nor dataclasses.replace does."""
    return name.endswith((".replace", ".rename")) and len(node.args) == 1 and not node.keywords


def compares_kinds(tree, path):
    """No `if kind == …`: what depends on the kind is a method of the entry."""
    if path.startswith(("nntrain/core/registry", "nntrain/spec/")):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            names = {dotted(side) for side in sides}
            about_kind = any(re.search(r"(^|\.)kind$", name) and "dtype" not in name for name in names)
            if about_kind and any(isinstance(leaf, ast.Constant) for side in sides for leaf in ast.walk(side)):
                yield node


def delayed_annotations(tree, path):
    """Registry entries are read by their type hints, which must be objects, not text."""
    if any(ast.unparse(item).endswith(".register") for node in ast.walk(tree) for item in decorators(node)):
        yield from (name for name in imported(tree) if name == "__future__")


def decorators(node):
    return node.decorator_list if isinstance(node, ast.ClassDef) else []


def slow_powers(tree, path):
    """x*x*x is many times faster than x**3 and np.power on arrays."""
    if not path.startswith(("nntrain/ops/", "nntrain/network")):
        return
    yield from (node for node, name in calls(tree) if name in {"np.power", "numpy.power"})
    for node in ast.walk(tree):
        cubed = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        if cubed and isinstance(node.right, ast.Constant) and node.right.value in {3, 4}:
            yield node


def grab_bags(tree, path):
    """No drawer for what has no place."""
    if Path(path).stem in {"utils", "util", "helpers", "misc", "common"}:
        yield path


RULES = [
    prints,
    runs_code,
    global_randomness,
    renames,
    compares_kinds,
    delayed_annotations,
    slow_powers,
    grab_bags,
]


def breaches(rule, tree, path):
    found = rule(tree, path)
    return [ast.unparse(item) if isinstance(item, ast.AST) else item for item in found]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_module_breaks_the_rule(rule):
    found = {relative(path): breaches(rule, tree_of(path), relative(path)) for path in SOURCES}
    assert not {path: items for path, items in found.items() if items}, rule.__doc__


PLANTED = [
    (prints, "print('x')"),
    (prints, "import logging"),
    (prints, "sys.stdout.write('x')"),
    (runs_code, "import pickle"),
    (runs_code, "np.load(path)"),
    (runs_code, "np.load(path, allow_pickle=True)"),
    (global_randomness, "np.random.seed(0)"),
    (global_randomness, "rng = np.random.default_rng(0)"),
    (global_randomness, "import random"),
    (renames, "os.replace(a, b)"),
    (renames, "temporary.replace(path)"),
    (compares_kinds, "if loss.kind == 'mse': pass"),
    (compares_kinds, "if kind in ('mse', 'huber'): pass"),
    (delayed_annotations, "from __future__ import annotations\n@LOSSES.register\nclass A: pass"),
    (slow_powers, "y = x ** 3"),
    (slow_powers, "np.power(x, y)"),
]


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_the_rule_bites(rule, text):
    assert breaches(rule, ast.parse(text), "nntrain/ops/planted.py")


def test_no_drawer_is_found_by_its_name():
    assert breaches(grab_bags, ast.parse(""), "nntrain/train/utils.py")


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_are_short_and_say_what_they_are(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 250
    assert ast.get_docstring(tree_of(path)), "the module's docstring is missing"


# --- names of files --------------------------------------------------------------------------------------------------


def participles(paths):
    """A file is a noun: what it holds."""
    return [path for path in paths if Path(path).stem.endswith("ing")]


def repeated_stems(paths):
    """A name stands once: twice only for a command and its work, or a format and the source that reads it."""
    paths = [path for path in paths if Path(path).stem not in ("__init__", "__main__", "base")]
    found = {}
    for path in paths:
        found.setdefault(Path(path).stem, []).append(path)
    return [same for same in found.values() if len(same) > 1 and not (_is_command(same) or _is_format(same))]


def _is_command(same):
    return len(same) == 2 and any(path.startswith("nntrain/cli/commands/") for path in same)


def _is_format(same):
    folders = {Path(path).parent.as_posix() for path in same}
    return len(same) == 2 and folders == {"nntrain/data/formats", "nntrain/data/sources"}


@pytest.mark.parametrize("rule", [participles, repeated_stems])
def test_names_of_files(rule):
    assert rule([relative(path) for path in SOURCES]) == [], rule.__doc__


@pytest.mark.parametrize(
    ("rule", "paths"),
    [
        (participles, ["nntrain/runs/summing.py"]),
        (repeated_stems, ["nntrain/ops/layers.py", "nntrain/inspection/layers.py"]),
        (repeated_stems, ["nntrain/cli/commands/fit.py", "nntrain/train/fit.py", "nntrain/runs/fit.py"]),
        (repeated_stems, ["nntrain/data/formats/npy.py", "nntrain/data/tables/npy.py"]),
    ],
)
def test_the_rule_for_names_bites(rule, paths):
    assert rule(paths)


def test_names_that_may_stand_twice():
    assert not repeated_stems(["nntrain/cli/commands/fit.py", "nntrain/train/fit.py"])
    assert not repeated_stems(["nntrain/data/formats/npy.py", "nntrain/data/sources/npy.py"])


def test_every_module_of_commands_is_the_command_of_its_name():
    typed = [command.name.replace("-", "_") for command in make_app().registered_commands]
    typed += [
        f"{group.typer_instance.info.name}_{command.name}"
        for group in make_app().registered_groups
        for command in group.typer_instance.registered_commands
    ]
    files = [path.stem for path in (PACKAGE / "cli" / "commands").glob("*.py") if path.stem != "__init__"]
    assert sorted(typed) == sorted(files)
    assert {function.__module__.rpartition(".")[2] for _, function in find_commands()} == set(files)


# --- registries ------------------------------------------------------------------------------------------------------


def registries():
    found = {}
    for module in pkgutil.walk_packages(nntrain.__path__, "nntrain."):
        if module.name.startswith(("nntrain.cli", "nntrain.__main__", "nntrain.sklearn")):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Registry):
                found[value.name] = value
    return found


REGISTRIES = registries()
ENTRIES = {f"{name}-{kind}": entry for name, part in REGISTRIES.items() for kind, entry in part.items()}


def test_every_kind_of_part_has_a_registry():
    assert set(list_registries()) <= set(REGISTRIES)
    assert all(REGISTRIES.values())


COUNTED = """
import importlib, json, os, sys
import numpy, pydantic, threadpoolctl, yaml  # once for all
from nntrain.core.registry import Registry
for door in sys.argv[1:]:
    if not os.fork():
        parts = [part for part in vars(importlib.import_module(door)).values() if isinstance(part, Registry)]
        print(json.dumps([door, {part.name: len(part) for part in parts}]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_a_registry_has_all_its_entries_from_every_door():
    """Each in a process of its own, as what was imported before would hide what is missing."""
    modules = [module.name for module in pkgutil.walk_packages(nntrain.__path__, "nntrain.")]
    doors = [
        name
        for name in modules
        if not name.startswith(("nntrain.cli", "nntrain.__main__", "nntrain.sklearn"))
        and any(isinstance(value, Registry) for value in vars(importlib.import_module(name)).values())
    ]
    child = subprocess.run(
        [sys.executable, "-c", COUNTED, *doors], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = dict(json.loads(line) for line in child.stdout.splitlines())
    whole = {door: {name: len(REGISTRIES[name]) for name in counts} for door, counts in found.items()}
    assert set(found) == set(doors)
    assert found == whole


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_entries_are_frozen_and_described_in_one_line(entry):
    assert entry.__dataclass_params__.frozen
    assert "__slots__" in vars(entry)
    assert fields(entry)[0].name == "kind"
    first = entry.__doc__.splitlines()[0]
    assert first.endswith("."), "the first line of the docstring is a sentence"
    assert len(first) <= 120
    assert "\n" not in entry.formula
