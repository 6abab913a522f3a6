"""From YAML to a built ``Experiment`` and back. The only package that knows pydantic and YAML."""

from nntrain.spec.load import Loaded, dump, from_dict, load, reload, resolve
from nntrain.spec.schema import json_schema
from nntrain.spec.spec import Spec
from nntrain.spec.templates import templates

__all__ = ["Loaded", "Spec", "dump", "from_dict", "json_schema", "load", "reload", "resolve", "templates"]
