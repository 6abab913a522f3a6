"""All commands in one place, for typer. Imports no work: what a command needs it imports when it is called."""

from typing import Annotated

import typer

from nntrain.cli.checking import check
from nntrain.cli.describing import describe
from nntrain.cli.doctor import doctor
from nntrain.cli.evaluating import evaluate
from nntrain.cli.fitting import fit
from nntrain.cli.gradients import gradcheck
from nntrain.cli.graphing import graph
from nntrain.cli.initialising import init
from nntrain.cli.listing import list_parts
from nntrain.cli.predicting import predict
from nntrain.cli.profiling import profile
from nntrain.cli.resuming import resume
from nntrain.cli.schema import schema
from nntrain.cli.showing import show
from nntrain.cli.verifying import verify

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
