"""The command line for typer: every module of ``commands`` is a command, and its name is the command's.

The module ``data_describe`` is the command ``data describe``, as ``data`` is one of the GROUPS; ``tune_threshold`` is
the command ``tune-threshold``. The function has the module's name; an underscore follows
where Python has a function of that name: ``eval_``. Imports no work: what a command needs it imports when it is called.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import typer

from nntrain.cli import commands

HELP = "Train softmax, linear, SVM and multilayer-perceptron models with minibatch gradient descent from one YAML file."
GROUPS = {"data": "Look at data before a model does."}
FIRST = (  # in the order in which they are met; others follow by the alphabet
    *(
        "fit",
        "resume",
        "sweep",
        "runs",
        "compare",
        "plot",
        "report",
        "eval",
        "predict",
        "tune_threshold",
        "calibrate",
        "show",
        "check",
        "preflight",
        "verify",
        "profile",
    ),
    *("gradcheck", "graph", "descend", "list", "schema", "init", "doctor"),
)
HELP_OPTIONS = ["-h", "--help"]
EPILOG = "Begin with: nntrain init mlp, nntrain fit mlp.yaml"


def _version(wanted: bool) -> None:
    if wanted:
        from nntrain import __version__

        typer.echo(f"nntrain {__version__}")
        raise typer.Exit


def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Without a command: say which there are; that is a wrong call."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def find_commands(word: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the name of every module of ``commands`` and its function, in the order of the help.

    If some begin with ``word``, the first word of a command line, only those.
    """
    every, word = [module.name for module in iter_modules(commands.__path__)], word.replace("-", "_")
    found = [name for name in every if name == word or name.startswith(f"{word}_")] or every
    for name in sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name)):
        module = import_module(f"{commands.__name__}.{name}")
        yield name, vars(module).get(name) or getattr(module, f"{name}_")


def _without_arguments(command: Callable[..., Any]) -> Callable[[], None]:
    """Return a command that has only the description of another."""

    def described() -> None:
        """Never called."""

    described.__doc__ = command.__doc__
    return described


def make_app(word: str = "") -> typer.Typer:
    """Return the command line, with a group for each first word that commands of two words have.

    With ``word``, the first of a command line, it has that command alone: the others would only take time. The help of
    all needs no command's arguments, which take most of it.
    """
    brief = word in HELP_OPTIONS
    app = typer.Typer(
        name="nntrain",
        help=HELP,
        epilog=EPILOG,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": HELP_OPTIONS},
    )
    app.callback(invoke_without_command=True)(top)
    groups: dict[str, typer.Typer] = {}
    for name, command in find_commands(word):
        function = _without_arguments(command) if brief else command
        group, _, last = name.rpartition("_")
        if group not in GROUPS:
            app.command(name.replace("_", "-"))(function)
            continue
        if group not in groups:
            groups[group] = typer.Typer(name=group, help=GROUPS[group], rich_markup_mode=None)
            app.add_typer(groups[group])
        groups[group].command(last)(function)
    return app
