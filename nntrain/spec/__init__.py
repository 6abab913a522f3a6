"""From YAML to a built ``Spec`` and back; the only package that knows pydantic. Knows nothing of how a run is made."""

from nntrain.spec.load import Loaded, dump, from_dict, load, override, override_of, reload, resolve
from nntrain.spec.schema import json_schema
from nntrain.spec.spec import Spec
from nntrain.spec.templates import templates

__all__ = [
    "Loaded",
    "Spec",
    "dump",
    "from_dict",
    "json_schema",
    "load",
    "override",
    "override_of",
    "reload",
    "resolve",
    "templates",
]
