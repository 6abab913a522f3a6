"""Files that extend files, and overrides on top."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nntrain.errors import SpecError
from nntrain.spec.merge import UnreadableError, apply_overrides, read_layers, read_text
from nntrain.spec.tree import Mapping, Origin, plain
from nntrain.spec.yaml_tree import MAX_BYTES, parse

NO_KEYS = "a spec must be a mapping of keys such as data, model, optimizer"
OPEN_LIST = "not valid YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence, line 1)"


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(texts))}.yaml"


def merged(path: Path) -> Any:
    tree, problems, _ = read_layers(path, read_text(path))
    assert problems == []
    return plain(tree)


def overridden(text: str, *overrides: str) -> tuple[Any, list[str]]:
    tree, problems = parse(text, Origin("c.yaml", Path("/")))
    assert isinstance(tree, Mapping)
    assert problems == []
    tree, problems = apply_overrides(tree, overrides)
    return plain(tree), [str(problem) for problem in problems]


class TestExtends:
    def test_the_nearer_file_wins_key_by_key(self, tmp_path: Path) -> None:
        top = write(
            tmp_path,
            top="extends: middle.yaml\ntrain: {epochs: 3}\nhidden: [1]",
            middle="extends: bottom.yaml\ntrain: {epochs: 2, batch_size: 2}\nseed: 2",
            bottom="train: {epochs: 1, dtype: float64}\nhidden: [7, 8]\nname: x",
        )
        assert merged(top) == {
            "train": {"epochs": 3, "dtype": "float64", "batch_size": 2},
            "hidden": [1],
            "name": "x",
            "seed": 2,
        }

    @pytest.mark.parametrize(
        ("parent", "child", "result"),
        [
            ("sgd", "{lr: 1}", {"kind": "sgd", "lr": 1}),
            ("{kind: sgd, lr: 1}", "adam", "adam"),
            ("{kind: sgd, lr: 1}", "{kind: adam}", {"kind": "adam"}),
            ("{kind: sgd, lr: 1}", "{kind: sgd, momentum: 2}", {"kind": "sgd", "lr": 1, "momentum": 2}),
            ("{kind: sgd, lr: 1}", "{lr: 3}", {"kind": "sgd", "lr": 3}),
            ("sgd", "{kind: adam}", {"kind": "adam"}),
            ("{lr: 1}", "{kind: adam}", {"kind": "adam"}),
            ("3", "{lr: 1}", {"lr": 1}),
            ("{lr: 1}", "null", None),
        ],
    )
    def test_another_kind_stands_alone(self, tmp_path: Path, parent: str, child: str, result: Any) -> None:
        path = write(tmp_path, child=f"extends: parent.yaml\no: {child}", parent=f"o: {parent}")
        assert merged(path) == {"o": result}

    def test_paths_count_from_the_file_and_marks_point_into_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "base").mkdir()
        write(tmp_path / "base", more="b: 1")
        write(tmp_path, child="extends: base/more.yaml\na: 1")
        monkeypatch.chdir(tmp_path)
        tree, _, files = read_layers("child.yaml", read_text("child.yaml"))
        assert files == ("child.yaml", "base/more.yaml")
        assert str(tree.entries["b"].mark) == "base/more.yaml:1:1"
        assert str(tree.entries["a"].mark) == "child.yaml:2:1"
        assert tree.entries["b"].mark.origin.base == tmp_path / "base"

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            (
                {"a": "\nextends: b.yaml", "b": "extends: a.yaml"},
                "b.yaml:1:10: extends: a circle: a.yaml → b.yaml → a.yaml",
            ),
            ({"a": "extends: ./a.yaml"}, "a.yaml:1:10: extends: a circle: a.yaml → a.yaml"),
            ({"a": "extends: none.yaml"}, "a.yaml:1:10: extends: none.yaml: no such file"),
            ({"a": "extends: '-'"}, "a.yaml:1:10: extends: -: only a file named .yaml or .yml can be extended"),
            (
                {"a": "extends: /etc/shadow"},
                "a.yaml:1:10: extends: /etc/shadow: only a file named .yaml or .yml can be extended",
            ),
            (
                {"ab": "", "a": "extends: abc.yaml"},
                "a.yaml:1:10: extends: abc.yaml: no such file; did you mean 'ab.yaml'?",
            ),
            ({"a": "extends: [b.yaml]"}, "a.yaml:1:10: extends: must be the path of one spec, as text"),
            ({"a": "extends: ''"}, "a.yaml:1:10: extends: must be the path of one spec, as text"),
            ({"a": "extends: b.yaml", "b": "- 1"}, f"b.yaml:1:1: {NO_KEYS}"),
            ({"a": "just text"}, f"a.yaml:1:1: {NO_KEYS}"),
            ({"a": "extends: b.yaml", "b": "x: [1"}, f"b.yaml:1:6: {OPEN_LIST}"),
        ],
    )
    def test_refuses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], message: str
    ) -> None:
        write(tmp_path, **texts)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UnreadableError) as caught:
            read_layers("a.yaml", read_text("a.yaml"))
        assert [str(problem) for problem in caught.value.problems] == [message]

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        path = write(tmp_path, a="extends: pipe.yaml")
        os.mkfifo(tmp_path / "pipe.yaml")
        with pytest.raises(UnreadableError) as caught:
            read_layers(path, read_text(path))
        message = f"{path}:1:10: extends: {tmp_path / 'pipe.yaml'}: is not a regular file"
        assert [str(problem) for problem in caught.value.problems] == [message]

    def test_a_link_does_not_lend_its_name(self, tmp_path: Path) -> None:
        path = write(tmp_path, a="extends: innocent.yaml")
        (tmp_path / "secret").write_text("user: hash\n", encoding="utf-8")
        (tmp_path / "innocent.yaml").symlink_to("secret")
        with pytest.raises(UnreadableError) as caught:
            read_layers(path, read_text(path))
        message = f"{path}:1:10: extends: {tmp_path / 'innocent.yaml'}: only a file named .yaml or .yml can be extended"
        assert [str(problem) for problem in caught.value.problems] == [message]

    def test_problems_of_every_file_are_kept(self, tmp_path: Path) -> None:
        path = write(tmp_path, a="extends: b.yaml\nx: 1\nx: 2", b="y: 1\ny: 2")
        assert len(read_layers(path, read_text(path))[1]) == 2


class TestOverrides:
    @pytest.mark.parametrize(
        ("text", "override", "result"),
        [
            ("a: {b: 1, c: 2}", "a.b=1e-3", {"a": {"b": 1e-3, "c": 2}}),
            ("a: 1", "b.c.d=x", {"a": 1, "b": {"c": {"d": "x"}}}),
            ("o: sgd", "o.lr=0.1", {"o": {"kind": "sgd", "lr": 0.1}}),
            ("o: sgd", "o.kind=adam", {"o": {"kind": "adam"}}),
            ("o: {kind: sgd, lr: 1}", "o=adam", {"o": "adam"}),
            ("o: {kind: sgd, lr: 1}", "o.kind=adam", {"o": {"kind": "adam"}}),
            ("o: {kind: sgd, lr: 1}", "o.kind=sgd", {"o": {"kind": "sgd", "lr": 1}}),
            ("o: {lr: 1}", "o.kind=adam", {"o": {"kind": "adam"}}),
            ("o:", "o.kind=adam", {"o": {"kind": "adam"}}),
            ("o: {kind: sgd, lr: 1}", "o={lr: 2}", {"o": {"lr": 2}}),
            ("h: [1, 2]", "h.1=5", {"h": [1, 5]}),
            ("h: [1, 2]", "h=[3]", {"h": [3]}),
            ("u: [relu, elu]", "u.1.alpha=2", {"u": ["relu", {"kind": "elu", "alpha": 2}]}),
            ("a: {b: 1}", "a.b=", {"a": {"b": None}}),
            ("a:", "a.b=1", {"a": {"b": 1}}),
            ("a: 1", "a=x=y", {"a": "x=y"}),
            ("a: 1", "a=no", {"a": "no"}),
        ],
    )
    def test_replaces_exactly_the_value(self, text: str, override: str, result: Any) -> None:
        assert overridden(text, override) == (result, [])

    @pytest.mark.parametrize("overrides", [("o.lr=2", "o.kind=adam"), ("o.kind=adam", "o.lr=2")])
    def test_another_kind_keeps_what_other_overrides_say(self, overrides: tuple[str, str]) -> None:
        text = "o: {kind: sgd, lr: 1, momentum: 0.9}"
        assert overridden(text, *overrides) == ({"o": {"kind": "adam", "lr": 2}}, [])

    def test_the_last_one_wins(self) -> None:
        assert overridden("a: 1", "a=2", "a=3") == ({"a": 3}, [])

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ("lr", "--set lr: expected key=value, e.g. optimizer.lr=0.1"),
            ("=1", "--set =1: the key before '=' must be names joined by dots, e.g. optimizer.lr"),
            ("a..b=1", "--set a..b: the key before '=' must be names joined by dots, e.g. optimizer.lr"),
            ("extends=x.yaml", "--set extends: only a file can extend another"),
            ("h.2=1", "--set h.2: h is a list of 2 and has no item '2'; count from 0"),
            ("h.x=1", "--set h.x: h is a list of 2 and has no item 'x'; count from 0"),
            ("n.x=1", "--set n.x: n is a single value and has no key 'x'"),
            (".".join("a" * 21) + "=1", f"--set {'.'.join('a' * 21)}: nested deeper than 20 levels"),
            ("n=[1", f"--set n: {OPEN_LIST}"),
            ("n=*x", "--set n: aliases are not allowed, got *x; write the value out"),
        ],
    )
    def test_refuses(self, override: str, message: str) -> None:
        assert overridden("h: [1, 2]\nn: 3", override)[1] == [message]

    def test_marks_name_the_override(self) -> None:
        tree, _ = parse("o: sgd", Origin("c.yaml", Path("/")))
        assert isinstance(tree, Mapping)
        tree, _ = apply_overrides(tree, ["o.lr=1"])
        options = tree.entries["o"].node
        assert isinstance(options, Mapping)
        assert str(tree.entries["o"].mark) == "c.yaml:1:1"
        assert str(options.entries["kind"].node.mark) == "c.yaml:1:4"
        assert str(options.entries["lr"].mark) == "--set o.lr"


class TestReading:
    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfa: 1")))
        tree, _, _ = read_layers("-", read_text("-"))
        assert str(tree.entries["a"].mark) == "<stdin>:1:1"
        assert tree.mark.origin.base == Path.cwd()

    def test_failures_in_words(self, tmp_path: Path) -> None:
        (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9t\xe9\n")
        for name, cause in [
            ("none.yaml", ": no such file"),
            (".", ": is a directory, not a spec"),
            ("latin.yaml", ":2:1: not UTF-8 text (byte 0xe9)"),
            ("nul\0", ": cannot be read: embedded null byte"),
        ]:
            with pytest.raises(SpecError) as caught:
                read_text(tmp_path / name)
            assert str(caught.value) == f"{tmp_path / name}{cause}"

    def test_reads_no_more_than_the_limit(self, tmp_path: Path) -> None:
        (tmp_path / "big.yaml").write_bytes(b"#" * (3 * MAX_BYTES))
        assert len(read_text(tmp_path / "big.yaml")) == MAX_BYTES + 1
