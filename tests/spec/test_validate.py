"""Every problem of a spec at once, one line each, at its place; a small spec with every shape that a spec may have."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest

from nntrain.core.fields import ONE_OR_MANY, Count, Flag, Fraction, Positive, Real
from nntrain.core.registry import Registry
from nntrain.spec.merge import apply_overrides
from nntrain.spec.tree import Mapping, Origin
from nntrain.spec.validate import build
from nntrain.spec.yaml_tree import parse

ORIGIN = Origin("c.yaml", Path("/base"))

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

    def problems(self) -> list[tuple[tuple[str, ...], str]]:
        if len(self.activation) in (1, len(self.hidden)):
            return []
        return [(("activation",), f"{len(self.activation)} activations for {len(self.hidden)} hidden layers")]


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


@dataclass(frozen=True, slots=True)
class Course:
    """How long."""

    epochs: Count = 1
    batch_size: Count | Literal["all"] = 32
    tolerance: Positive | None = None
    shift: Real = 0.0


for _options in (Intake, Course):
    _options.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A whole spec."""

    __pydantic_config__ = {"extra": "forbid"}

    name: str = "x"
    data: Intake
    model: Annotated[Any, NETS]
    optimizer: Annotated[Any, STEPPERS] = Sgd()
    train: Course = Course()

    @classmethod
    def conflicts(cls, parts: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
        model, train = parts.get("model"), parts.get("train")
        if isinstance(model, Linear) and train is not None and train.epochs > 100:
            return [(("train", "epochs"), "a linear net needs at most 100")]
        return []


def judge(text: str, *overrides: str) -> tuple[Spec | None, list[str]]:
    tree, problems = parse(text, ORIGIN)
    assert isinstance(tree, Mapping)
    tree, found = apply_overrides(tree, overrides)
    spec, wrong = build(Spec, tree, extra=("extends",))
    return spec, [str(problem) for problem in sorted([*problems, *found, *wrong], key=lambda problem: problem.order)]


def built(text: str, *overrides: str) -> Spec:
    spec, problems = judge(text, *overrides)
    assert problems == []
    assert spec is not None
    return spec


class TestBuilding:
    def test_bare_names_and_single_values(self) -> None:
        spec = built("data: {source: digits}\nmodel: {kind: mlp, hidden: 3, activation: elu}\noptimizer: adam")
        assert spec == Spec(data=Intake(Digits()), model=Mlp(hidden=(3,), activation=(Elu(),)), optimizer=Adam())

    def test_a_mapping_without_kind_is_of_the_default_kind(self) -> None:
        assert built("data: {source: digits}\nmodel: mlp\noptimizer: {lr: 1}").optimizer == Sgd(lr=1.0)

    def test_overrides_reach_into_bare_names_and_defaults(self) -> None:
        text = "data: {source: digits}\nmodel: mlp\noptimizer: adam"
        assert built(text, "optimizer.lr=0.5").optimizer == Adam(lr=0.5)
        assert built(text, "optimizer=sgd", "optimizer.lr=1e-2").optimizer == Sgd(lr=0.01)
        assert built(text, "train.batch_size=all").train.batch_size == "all"
        assert built("data: {source: digits}\nmodel: mlp", "optimizer.momentum=0.5").optimizer == Sgd(momentum=0.5)

    def test_paths_count_from_the_file_or_the_working_directory(self) -> None:
        text = "data: {source: {kind: table, path: a.csv, others: [x/../y, /abs]}}\nmodel: mlp"
        assert built(text).data.source == Table(path=Path("/base/a.csv"), others=(Path("/base/y"), Path("/abs")))
        assert built(text, "data.source.path=b.csv").data.source.path == Path.cwd() / "b.csv"
        assert built(text.replace("a.csv", "~/a.csv")).data.source.path == Path.home() / "a.csv"


CASES = [
    (
        "a misspelt key takes its suggestion from letters or initials",
        "data: {source: digits}\nmodel: mlp\noptimizer:\n  kind: sgd\n  learnig_rate: 1\n  nstrov: 0",
        [
            "c.yaml:5:3: optimizer.learnig_rate: unknown key; did you mean 'lr'? (one of kind, lr, momentum, nesterov)",
            "c.yaml:6:3: optimizer.nstrov: unknown key; did you mean 'nesterov'? (one of kind, lr, momentum, nesterov)",
        ],
    ),
    (
        "a misspelt key and the missing key it stands for are one",
        "dat: {source: digits}\nmodel: mlp",
        ["c.yaml:1:1: dat: unknown key; did you mean 'data'? (one of data, extends, model, name, optimizer, train)"],
    ),
    (
        "the same below, and for the kind",
        "data: {sourc: digits}\nmodel: mlp\noptimizer: {knid: adam, beta: 0.3}",
        [
            "c.yaml:1:8: data.sourc: unknown key; did you mean 'source'? (one of part, scale, source)",
            "c.yaml:3:13: optimizer.knid: unknown key; did you mean 'kind'?",
        ],
    ),
    (
        "a missing key is reported where it should stand",
        "model:\n  hidden: [3]\ndata:\n  source: table",
        [
            "c.yaml:1:1: model.kind: missing; name the net (one of linear, mlp)",
            "c.yaml:4:3: data.source.path: missing",
        ],
    ),
    (
        "nothing at all",
        "{}",
        ["c.yaml:1:1: data: missing", "c.yaml:1:1: model: missing; name the net (one of linear, mlp)"],
    ),
    (
        "unknown kinds",
        "data: {source: digit}\nmodel: {kind: mpl}\noptimizer: {kind: 3}",
        [
            "c.yaml:1:16: data.source: unknown feed 'digit'; did you mean 'digits'? (one of digits, table)",
            "c.yaml:2:15: model.kind: unknown net 'mpl'; did you mean 'mlp'? (one of linear, mlp)",
            "c.yaml:3:19: optimizer.kind: must be the name of a stepper, as text, got 3",
        ],
    ),
    (
        "numbers",
        "data: {source: digits, part: 1.5}\nmodel: {kind: mlp, hidden: [3, 0, a, 2.5]}\n"
        "optimizer: {momentum: '0.5', nesterov: no}\n"
        "train: {batch_size: al, epochs: 1.5, tolerance: 1_000, shift: .inf}",
        [
            "c.yaml:1:30: data.part: must be less than 1, or a whole number, got 1.5",
            "c.yaml:2:32: model.hidden.1: must be at least 1, got 0",
            "c.yaml:2:35: model.hidden.2: must be a whole number, got the text 'a'",
            "c.yaml:2:38: model.hidden.3: must be a whole number, got 2.5",
            "c.yaml:3:23: optimizer.momentum: must be a number, got the text '0.5'; write it without quotes",
            "c.yaml:3:40: optimizer.nesterov: must be true or false, got the text 'no'",
            "c.yaml:4:21: train.batch_size: must be a whole number, or 'all', got the text 'al'; did you mean 'all'?",
            "c.yaml:4:33: train.epochs: must be a whole number, got 1.5",
            "c.yaml:4:49: train.tolerance: must be a number, got the text '1_000'; write 1000",
            "c.yaml:4:63: train.shift: must be finite, got .inf",
        ],
    ),
    (
        "text that only Python takes for a number gets no false hint",
        "data: {source: digits}\nmodel: mlp\ntrain: {shift: nan, tolerance: '1e-3', epochs: '٣'}",
        [
            "c.yaml:3:16: train.shift: must be a number, got the text 'nan'",
            "c.yaml:3:32: train.tolerance: must be a number, got the text '1e-3'; write it without quotes",
            "c.yaml:3:48: train.epochs: must be a whole number, got the text '٣'",
        ],
    ),
    (
        "booleans are no numbers and numbers no text",
        "data: {source: digits}\nmodel: {kind: mlp, hidden: true}\noptimizer: {lr: true}\nname: 2024",
        [
            "c.yaml:2:28: model.hidden: must be a whole number, got true",
            "c.yaml:3:17: optimizer.lr: must be a number, got true",
            "c.yaml:4:7: name: must be text, got 2024",
        ],
    ),
    (
        "the wrong shape",
        "data: digits\nmodel: [mlp]\noptimizer: null\ntrain: []",
        [
            "c.yaml:1:7: data: must be a mapping, got the text 'digits'",
            "c.yaml:2:8: model: must be a name or a mapping with a `kind`, got a list of 1",
            "c.yaml:3:12: optimizer: must be a name or a mapping with a `kind`, got nothing",
            "c.yaml:4:8: train: must be a mapping, got a list of 0",
        ],
    ),
    (
        "inside lists of parts",
        "data: {source: digits}\nmodel: {kind: mlp, activation: [rleu, {kind: elu, alpha: -1}, {kind: elu, alhpa: 1}]}",
        [
            "c.yaml:2:33: model.activation.0: unknown unit 'rleu'; did you mean 'relu'? (one of elu, relu)",
            "c.yaml:2:58: model.activation.1.alpha: must be greater than 0, got -1",
            "c.yaml:2:75: model.activation.2.alhpa: unknown key; did you mean 'alpha'? (one of alpha, kind)",
        ],
    ),
    (
        "a key named like the kind does not lead astray",
        "data: {source: digits}\nmodel: mlp\noptimizer: {kind: sgd, sgd: 1, lr: x}",
        [
            "c.yaml:3:24: optimizer.sgd: unknown key; (one of kind, lr, momentum, nesterov)",
            "c.yaml:3:36: optimizer.lr: must be a number, got the text 'x'",
        ],
    ),
    (
        "choices",
        "data: {source: digits, scale: unti}\nmodel: mlp",
        ["c.yaml:1:31: data.scale: must be 'none', 'unit' or 'standard', got the text 'unti'; did you mean 'unit'?"],
    ),
    (
        "what objects say of themselves, together, and beside a mistake elsewhere",
        "data: {source: digits}\nmodel: {kind: mlp, hidden: [2, 2, 2], activation: [relu, elu]}\n"
        "optimizer: {nesterov: true}\ntrain: {shft: 3}",
        [
            "c.yaml:2:51: model.activation: 2 activations for 3 hidden layers",
            "c.yaml:3:12: optimizer: nesterov needs a momentum above 0",
            "c.yaml:4:9: train.shft: unknown key; did you mean 'shift'? (one of batch_size, epochs, shift, tolerance)",
        ],
    ),
    (
        "parts that do not fit one another",
        "data: {source: digits}\nmodel: linear\ntrain: {epochs: 1000}",
        ["c.yaml:3:17: train.epochs: a linear net needs at most 100"],
    ),
    (
        "a place with a problem of its own is not reported again",
        "data: {source: digits}\nmodel: *m\ntrain: {epochs: &e 1, batch_size: 0}",
        [
            "c.yaml:2:8: model: aliases are not allowed, got *m; write the value out",
            "c.yaml:3:17: train.epochs: anchors are not allowed, got &e; use `extends` to share values",
            "c.yaml:3:35: train.batch_size: must be at least 1, or 'all', got 0",
        ],
    ),
    (
        "nothing written can break a line or colour the terminal",
        'data: {source: "d\\e[31m\\n"}\nmodel: mlp\n"a\\nb": 1',
        [
            "c.yaml:1:16: data.source: unknown feed 'd\\x1b[31m\\n'; (one of digits, table)",
            "c.yaml:3:1: a\\nb: unknown key; (one of data, extends, model, name, optimizer, train)",
        ],
    ),
]


@pytest.mark.parametrize(("text", "lines"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_problems(text: str, lines: list[str]) -> None:
    spec, problems = judge(text)
    assert problems == lines
    assert spec is None


def test_a_message_stays_short() -> None:
    (line,) = judge(f"data: {{source: digits}}\nmodel: {'x' * 100_000}")[1]
    assert line.startswith("c.yaml:2:8: model: unknown net 'xxx")
    assert len(line) <= 1001


def test_problems_of_overrides_come_last_and_name_them() -> None:
    overrides = [
        "train.epochs=x",
        "optimizer.learnig_rate=3",
        "optimizer.beta=2",
        "data={source: {kind: table}}",
        "name=3",
    ]
    problems = judge("data: {source: digits}\nmodel: mlp\noptimizer: adam\nnaem: x", *overrides)[1]
    assert problems == [
        "c.yaml:4:1: naem: unknown key; did you mean 'name'? (one of data, extends, model, name, optimizer, train)",
        "--set train.epochs: must be a whole number, got the text 'x'",
        "--set optimizer.learnig_rate: unknown key; did you mean 'lr'? (one of beta, kind, lr)",
        "--set optimizer.beta: must be less than 1, got 2",
        "--set data: data.source.path: missing",
        "--set name: must be text, got 3",
    ]


def test_another_kind_drops_the_keys_of_the_kind_before() -> None:
    text = "data: {source: digits}\nmodel: {kind: mlp, hidden: [3]}"
    assert built(text, "model=linear").model == Linear()
    assert built(text, "model.kind=linear").model == Linear()
