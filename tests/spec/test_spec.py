"""The real spec: what people write, what they get wrong, what is written back."""

import contextlib
import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.cli.commands.list import registries
from nntrain.data.options import DataOptions
from nntrain.data.sources import SOURCES
from nntrain.errors import SpecError
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.initializers import INITIALIZERS
from nntrain.ops.losses import LOSSES
from nntrain.ops.metrics import METRICS
from nntrain.ops.models import MODELS
from nntrain.ops.optimizers import OPTIMIZERS
from nntrain.ops.penalties import Penalty
from nntrain.spec import Spec, dump, from_dict, json_schema, load, resolve, templates
from nntrain.spec.emit import plain_values
from nntrain.spec.hints import fields_of
from nntrain.train.settings import Training

FULL = """\
name: digits-mlp
seed: 0
data:
  source: digits
  validation: 0.2
  scale: unit
model: {kind: mlp, hidden: [64, 32], activation: relu, init: auto}
loss: softmax_cross_entropy
penalty: {l1: 0, l2: 1e-4}
optimizer: {kind: sgd, lr: 1e-1, momentum: 0.9}
schedule: constant
train: {epochs: 30, batch_size: 32, dtype: float32, max_steps: null, clip_norm: null,
        stop: {monitor: validation.cost, patience: null, min_delta: 0, restore_best: true, step_tolerance: null,
               max_seconds: null}}
checkpoint: {every_epochs: 1, every_steps: null, keep: 2, best: validation.cost}
runtime: {threads: null}
"""
SMALL = "data: {source: digits}\nmodel: softmax\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FULL, encoding="utf-8")
    return path


def problems(path: Path, text: str, *overrides: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load(path, overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return [line.removeprefix(f"{path.parent}/") for line in caught.value.problems]


class TestLoading:
    def test_a_full_spec(self, config: Path) -> None:
        loaded = load(config)
        assert loaded.text == FULL
        assert loaded.spec == Spec(
            name="digits-mlp",
            data=DataOptions(SOURCES["digits"](), validation=0.2, scale="unit"),
            model=MODELS["mlp"](hidden=(64, 32)),  # type: ignore[call-arg]
            loss=LOSSES["softmax_cross_entropy"](),
            penalty=Penalty(l2=1e-4),
            optimizer=OPTIMIZERS["sgd"](lr=0.1, momentum=0.9),  # type: ignore[call-arg]
            train=Training(epochs=30),
        )
        assert loaded.resolved == resolve(loaded.spec)

    def test_two_keys_suffice(self, config: Path) -> None:
        config.write_text(SMALL)
        spec = load(config).spec
        assert spec.loss is None
        assert (spec.name, spec.seed) == ("experiment", 0)

    def test_overrides(self, config: Path) -> None:
        spec = load(config, ["optimizer.lr=1e-2", "train.batch_size=all", "model=softmax"]).spec
        assert spec.optimizer.lr == 0.01
        assert spec.train.batch_size == "all"
        assert spec.model == MODELS["softmax"]()

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FULL.encode())))
        assert load("-").spec.name == "digits-mlp"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"mode: x\n" + SMALL.encode())))
        with pytest.raises(SpecError, match=r"^<stdin>:1:1: mode: unknown key; did you mean 'model'\?"):
            load("-")

    def test_frozen(self, config: Path) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            load(config).spec.seed = 1  # type: ignore[misc]

    def test_paths_are_absolute(self, tmp_path: Path) -> None:
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / "data.yaml").write_text("data: {source: {kind: csv, path: x.csv, test: ../y.csv}}")
        child = tmp_path / "child.yaml"
        child.write_text("extends: base/data.yaml\nmodel: mlp")
        source = load(child).resolved["data"]["source"]
        assert source["path"] == str(tmp_path / "base" / "x.csv")
        assert source["test"] == str(tmp_path / "y.csv")

    @pytest.mark.parametrize("name", ["a", "A.b_c-1", "x" * 64, "0"])
    def test_names(self, config: Path, name: str) -> None:
        assert load(config, [f"name='{name}'"]).spec.name == name

    @pytest.mark.parametrize("name", ["", "../x", "/x", "-rf", ".x", "x" * 65, "a b", "a/b", "é", "a\\n", "a\\0"])
    def test_bad_names(self, config: Path, name: str) -> None:
        with pytest.raises(SpecError, match=r"^--set name: "):
            load(config, [f'name="{name}"'])


class TestProblems:
    def test_five_mistakes_are_five_lines(self, config: Path) -> None:
        text = (
            "data:\n  source: digit\n  scale: unti\nmodel:\n  kind: mlp\n  hiden: [64]\n"
            "optimizer: {kind: sgd, learnig_rate: 1e-1}\ntrain:\n  batch_size: '32'\n"
        )
        assert problems(config, text) == [
            f"config.yaml:2:11: data.source: unknown source 'digit'; did you mean 'digits'? (one of {listed(SOURCES)})",
            "config.yaml:3:10: data.scale: must be 'none', 'unit', 'standard' or 'minmax', got the text 'unti'; "
            "did you mean 'unit'?",
            "config.yaml:6:3: model.hiden: unknown key; did you mean 'hidden'? "
            "(one of activation, bias, dropout, hidden, init, input_dropout, input_noise, kind)",
            "config.yaml:7:24: optimizer.learnig_rate: unknown key; did you mean 'lr'? "
            "(one of kind, lr, momentum, nesterov)",
            "config.yaml:9:15: train.batch_size: must be a whole number, or 'all', got the text '32'; "
            "write it without quotes",
        ]

    def test_a_loss_that_does_not_fit(self, config: Path) -> None:
        assert problems(config, SMALL + "loss: mse") == [
            "config.yaml:3:7: loss: does not fit this model; use softmax_cross_entropy"
        ]

    def test_activations_that_do_not_match_the_layers(self, config: Path) -> None:
        text = "data: {source: digits}\nmodel:\n  kind: mlp\n  hidden: [4, 4, 4]\n  activation: [relu, tanh]\nseed: x"
        assert problems(config, text) == [
            "config.yaml:5:15: model.activation: must be one for all or one for each of the 3 hidden layers, got 2",
            "config.yaml:6:7: seed: must be a whole number, got the text 'x'",
        ]

    def test_problems_of_file_parent_and_overrides_in_order(self, config: Path, tmp_path: Path) -> None:
        (tmp_path / "base.yaml").write_text("data: {source: xor, scal: unit}\nmodel: softmax\n")
        lines = problems(config, "extends: base.yaml\nsed: 1\n", "seed=-1")
        assert [line.split(":")[0] for line in lines] == ["config.yaml", "base.yaml", "--set seed"]

    def test_problems_found_later_get_their_place(self, config: Path) -> None:
        loaded = load(config, ["train.batch_size=4000"])
        found = SpecError(
            "train.batch_size: too many", "loss.x: y", "loss: z", "runtime.threads: t", "a run: elsewhere"
        )
        assert loaded.locate_error(found).problems == (
            "--set train.batch_size: too many",
            f"{config}:8:7: loss.x: y",
            f"{config}:8:7: loss: z",
            f"{config}:16:20: runtime.threads: t",
            "a run: elsewhere",
        )

    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["mlp", "sgd"]),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(st.sampled_from(["kind", "hidden", "activation", "lr", "source", "x"]), below, max_size=4)
        ),
        max_leaves=10,
    )

    @given(st.dictionaries(st.sampled_from([*fields_of(Spec), "extends", "x"]), JSON))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_values_load_or_have_problems(self, config: Path, values: dict[str, Any]) -> None:
        config.write_text(dump(values), encoding="utf-8", newline="")
        with contextlib.suppress(SpecError):
            loaded = load(config)
            assert from_dict(loaded.resolved) == loaded.spec


def listed(registry: Any) -> str:
    return ", ".join(sorted(registry))


ENTRIES = [(registry, kind) for registry in registries().values() for kind in registry]


def document(registry: Any, kind: str) -> dict[str, Any]:
    """Return the smallest spec that holds an entry, with every key it needs."""
    needed = [field for field in dataclasses.fields(registry[kind]) if field.default is field.default_factory]
    entry: Any = {"kind": kind} | {field.name: "/data" for field in needed}
    values: dict[str, Any] = {"data": {"source": "digits"}, "model": "mlp"}
    if registry is SOURCES:
        target = {"y": "/data"} if kind == "npy" else {}  # which only some models do without
        return values | {"data": {"source": entry | target}}
    if registry in (ACTIVATIONS, INITIALIZERS):
        return values | {"model": {"kind": "mlp", registry.noun.replace("initializer", "init"): entry}}
    if registry is LOSSES:
        values["model"] = next(name for name, model in MODELS.items() if not model().loss_problem(LOSSES[kind]()))
    if registry is METRICS:
        return values | {"metrics": [entry]}
    return values | {registry.noun: entry}


@pytest.mark.parametrize(("registry", "kind"), ENTRIES, ids=[f"{registry.noun}-{kind}" for registry, kind in ENTRIES])
def test_every_entry_survives_the_round_trip(registry: Any, kind: str, tmp_path: Path) -> None:
    spec = from_dict(document(registry, kind))
    path = tmp_path / "resolved.yaml"
    path.write_text(dump(resolve(spec)), encoding="utf-8")
    assert load(path).spec == spec
    assert from_dict(json.loads(json.dumps(resolve(spec), allow_nan=False))) == spec
    assert kind in json.dumps(resolve(spec))


class TestRoundTrip:
    NUMBER = st.floats(min_value=1e-300, max_value=1e37)
    TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
    TRICKY = st.sampled_from(["no", "1e-3", "017", "~", "null", "2024-01-01", " x", "x ", "a: b", "#", "-", "'"])

    @given(
        seed=st.integers(0, 2**70),
        lr=NUMBER,
        hidden=st.lists(st.integers(1, 2**40), min_size=1, max_size=4),
        target=st.integers(-(2**31), 2**31) | TEXT | TRICKY,
        share=st.none() | st.integers(1, 10**9) | st.floats(0, 1, exclude_min=True, exclude_max=True),
        batch=st.just("all") | st.integers(1, 10**9),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_values(
        self, tmp_path: Path, seed: int, lr: float, hidden: list[int], target: Any, share: Any, batch: Any
    ) -> None:
        spec = from_dict(
            {
                "seed": seed,
                "data": {"source": {"kind": "csv", "path": "x.csv", "target": target}, "validation": share},
                "model": {"kind": "mlp", "hidden": hidden},
                "optimizer": {"kind": "adam", "lr": lr},
                "train": {"batch_size": batch},
            }
        )
        path = tmp_path / "resolved.yaml"
        path.write_text(dump(resolve(spec)), encoding="utf-8", newline="")
        assert load(path).spec == spec

    def test_wrong_values_are_named(self) -> None:
        with pytest.raises(SpecError) as caught:
            from_dict({"data": {"source": "digits"}, "model": "mpl", "seed": -1})
        assert caught.value.problems == (
            f"spec: model: unknown model 'mpl'; did you mean 'mlp'? (one of {listed(MODELS)})",
            "spec: seed: must be at least 0, got -1",
        )

    def test_overrides_on_restored_values(self, config: Path) -> None:
        resolved = load(config).resolved
        assert from_dict(resolved, ["data.source=xor"]).data == DataOptions(SOURCES["xor"](), 0.2, scale="unit")
        with pytest.raises(SpecError, match=r"^--set data.source: unknown source 'xo'; did you mean 'xor'\?"):
            from_dict(resolved, ["data.source=xo"])

    def test_depth_is_refused(self) -> None:
        deep: dict[str, Any] = {}
        for _ in range(2000):
            deep = {"a": deep}
        with pytest.raises(SpecError, match="too deep"):
            from_dict(deep)

    def test_small_mappings_stay_on_one_line(self, config: Path) -> None:
        assert "optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, nesterov: false}\n" in dump(load(config).resolved)

    def test_both_versions_of_yaml_read_the_numbers(self) -> None:
        assert dump({"a": 1e-05, "b": "1e-05", "c": "no", "d": "0o17"}) == (
            "{a: 1.0e-05, b: '1e-05', c: 'no', d: '0o17'}\n"
        )


class TestTemplates:
    @pytest.mark.parametrize("name", templates())
    def test_valid_and_for_editors(self, name: str, tmp_path: Path) -> None:
        text = templates()[name]
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        assert load(path).spec.name
        assert text.startswith("# yaml-language-server: $schema=nntrain.schema.json\n")
        assert "nntrain fit" in text

    def test_the_set(self) -> None:
        assert list(templates()) == ["autoencoder", "csv", "mlp", "regression", "softmax", "svm", "xor"]


class TestSchema:
    def test_describes_every_entry(self) -> None:
        schema = json_schema()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert set(schema["properties"]) == {"extends", *fields_of(Spec)}
        kinds = {
            below["properties"]["kind"]["const"] for below in schema["$defs"].values() if "kind" in below["properties"]
        }
        assert kinds == {kind for _, kind in ENTRIES}
        assert all(below.get("description") for below in schema["$defs"].values())
        assert all(below["additionalProperties"] is False for below in schema["$defs"].values())
        json.dumps(schema, allow_nan=False)

    def test_bare_names_are_those_that_need_nothing_else(self) -> None:
        names = json_schema()["$defs"]["DataOptions"]["properties"]["source"]["anyOf"][0]["enum"]
        assert "digits" in names
        assert "csv" not in names
        for kind in names:
            assert plain_values(from_dict({"data": {"source": kind}, "model": "mlp"}).data.source)["kind"] == kind

    def test_one_or_many(self) -> None:
        one, many = json_schema()["$defs"]["Mlp"]["properties"]["hidden"]["anyOf"]
        assert one == {"type": "integer", "minimum": 1, "maximum": (1 << 63) - 1}
        assert many == {"type": "array", "items": one}


def test_loading_needs_no_heavy_packages(config: Path) -> None:
    code = f"import sys, nntrain.spec as s; s.load({str(config)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "typer", "rich", "scipy", "safetensors"} & set(done.stdout.split())
