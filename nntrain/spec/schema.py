"""The JSON Schema of a spec, for editors: completion, hover texts, typos underlined while typing."""

from typing import Any

from nntrain.spec.merge import EXTENDS
from nntrain.spec.spec import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a spec file."""
    from pydantic import TypeAdapter  # here, since it takes a while and few commands need it

    schema = TypeAdapter(Spec).json_schema()
    inherited = {
        "type": "string",
        "description": "A spec to start from, relative to this file; what is written here wins.",
    }
    return {"$schema": DIALECT, **schema, "properties": {EXTENDS: inherited, **schema["properties"]}}
