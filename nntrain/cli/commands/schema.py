"""``nntrain schema``: the JSON Schema of specs, for editors."""


def schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    from nntrain.artifacts import strict_json
    from nntrain.cli.output.terminal import out
    from nntrain.spec import json_schema

    out(strict_json.pretty(json_schema()).removesuffix("\n"))
