"""Train softmax, linear, SVM and multilayer-perceptron models with minibatch gradient descent, from one YAML file.

The same from Python: ``fit``, ``load``, ``runs`` and ``check_gradient``. Each is imported when it is first used, so
that ``import nntrain`` costs next to nothing; ``__init__.pyi`` has their types.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"
__all__ = ["GradientCheck", "Model", "Run", "__version__", "check_gradient", "errors", "fit", "load", "runs"]

_HOMES = {
    "fit": "nntrain.interface.fit",
    "Run": "nntrain.interface.fit",
    "load": "nntrain.interface.model",
    "Model": "nntrain.interface.model",
    "check_gradient": "nntrain.interface.gradient",
    "GradientCheck": "nntrain.interface.gradient",
}


class _CallablePackage(ModuleType):
    """The package ``nntrain.runs``, which is the function ``nntrain.runs`` as well."""

    def __call__(self, root: Any = "runs") -> Any:
        return import_module("nntrain.interface.runs").runs(root)


class _Package(ModuleType):
    """This package: the import of a package below enters it here under its name, which ``runs`` has twice."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "runs" and isinstance(value, ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in ("errors", "runs"):
        return import_module(f"nntrain.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'nntrain' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
