"""All commands in one place, for typer. Imports no work: what a command needs it imports when it is called."""

from typing import Annotated

import typer

from nntrain.cli.commands.check import check
from nntrain.cli.commands.compare import compare
from nntrain.cli.commands.data_describe import describe
from nntrain.cli.commands.doctor import doctor
from nntrain.cli.commands.eval import evaluate
from nntrain.cli.commands.fit import fit
from nntrain.cli.commands.gradcheck import gradcheck
from nntrain.cli.commands.graph import graph
from nntrain.cli.commands.init import init
from nntrain.cli.commands.list import list_parts
from nntrain.cli.commands.predict import predict
from nntrain.cli.commands.profile import profile
from nntrain.cli.commands.resume import resume
from nntrain.cli.commands.runs import runs
from nntrain.cli.commands.schema import schema
from nntrain.cli.commands.show import show
from nntrain.cli.commands.sweep import sweep
from nntrain.cli.commands.verify import verify

HELP = "Train softmax, linear, SVM and multilayer-perceptron models with minibatch gradient descent from one YAML file."
EPILOG = "Begin with: nntrain init mlp, nntrain fit mlp.yaml"

app = typer.Typer(
    name="nntrain",
    help=HELP,
    epilog=EPILOG,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from nntrain import __version__

        typer.echo(f"nntrain {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
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


app.command("fit")(fit)
app.command("resume")(resume)
app.command("sweep")(sweep)
app.command("runs")(runs)
app.command("compare")(compare)
app.command("eval")(evaluate)
app.command("predict")(predict)
app.command("show")(show)
app.command("check")(check)
app.command("verify")(verify)
app.command("profile")(profile)
app.command("gradcheck")(gradcheck)
app.command("graph")(graph)
app.command("list")(list_parts)
app.command("schema")(schema)
app.command("init")(init)
app.command("doctor")(doctor)

data = typer.Typer(name="data", help="Look at data before a model does.", rich_markup_mode=None)
data.command("describe")(describe)
app.add_typer(data)
