"""A small spec with every shape a spec may have, for tests of the machinery alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from nntrain.core.fields import ONE_OR_MANY, Count, Flag, Fraction, Positive, Real
from nntrain.core.registry import Registry

UNITS: Registry[Any] = Registry("units", "unit")
NETS: Registry[Any] = Registry("nets", "net")
STEPPERS: Registry[Any] = Registry("steppers", "stepper")
FEEDS: Registry[Any] = Registry("feeds", "feed")


@UNITS.register
@dataclass(frozen=True, slots=True)
class Relu:
    """Rectified."""

    kind: Literal["relu"] = "relu"
    formula: ClassVar[str] = "max(0, z)"


@UNITS.register
@dataclass(frozen=True, slots=True)
class Elu:
    """Exponential."""

    kind: Literal["elu"] = "elu"
    formula: ClassVar[str] = "e^z - 1"
    alpha: Positive = 1.0


@NETS.register
@dataclass(frozen=True, slots=True)
class Mlp:
    """Layers."""

    kind: Literal["mlp"] = "mlp"
    formula: ClassVar[str] = "f(W x)"
    hidden: Annotated[tuple[Count, ...], ONE_OR_MANY] = (4,)
    activation: Annotated[tuple[Annotated[Any, UNITS], ...], ONE_OR_MANY] = (Relu(),)

    def problems(self) -> list[tuple[str, str]]:
        if len(self.activation) in (1, len(self.hidden)):
            return []
        return [("activation", f"{len(self.activation)} activations for {len(self.hidden)} hidden layers")]


@NETS.register
@dataclass(frozen=True, slots=True)
class Linear:
    """One map."""

    kind: Literal["linear"] = "linear"
    formula: ClassVar[str] = "W x"


@STEPPERS.register
@dataclass(frozen=True, slots=True)
class Sgd:
    """Downhill."""

    kind: Literal["sgd"] = "sgd"
    formula: ClassVar[str] = "-lr g"
    lr: Positive = 0.1
    momentum: Fraction = 0.0
    nesterov: Flag = False

    def __post_init__(self) -> None:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")


@STEPPERS.register
@dataclass(frozen=True, slots=True)
class Adam:
    """Adaptive."""

    kind: Literal["adam"] = "adam"
    formula: ClassVar[str] = "m / sqrt(v)"
    lr: Positive = 0.001
    beta: Fraction = 0.9


@FEEDS.register
@dataclass(frozen=True, slots=True)
class Digits:
    """Shipped."""

    kind: Literal["digits"] = "digits"
    formula: ClassVar[str] = "8x8"


@FEEDS.register
@dataclass(frozen=True, slots=True)
class Table:
    """A file."""

    kind: Literal["table"] = "table"
    formula: ClassVar[str] = "rows"
    path: Path = field(kw_only=True)
    target: str | int = -1
    others: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """Where examples come from."""

    source: Annotated[Any, FEEDS]
    part: Fraction | Count | None = None
    scale: Literal["none", "unit", "standard"] = "none"

    __pydantic_config__ = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Course:
    """How long."""

    epochs: Count = 1
    batch_size: Count | Literal["all"] = 32
    tolerance: Positive | None = None
    shift: Real = 0.0

    __pydantic_config__ = {"extra": "forbid"}


class Spec(BaseModel):
    """A whole spec."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "x"
    data: Intake
    model: Annotated[Any, NETS]
    optimizer: Annotated[Any, STEPPERS] = Sgd()
    train: Course = Course()

    @classmethod
    def conflicts(cls, parts: dict[str, Any]) -> list[tuple[str, str]]:
        model, train = parts.get("model"), parts.get("train")
        if isinstance(model, Linear) and train is not None and train.epochs > 100:
            return [("train.epochs", "a linear net needs at most 100")]
        return []
