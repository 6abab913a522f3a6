"""A run's ``config.yaml`` means the same from any folder."""

from pathlib import Path

from nntrain.spec import load

CSV = """\
# what it is about
data:
  source:
    kind: csv
    path: "rows.csv"  # beside this file
    test: 'more/test.csv'
model: softmax
"""


def test_relative_paths_are_written_in_full_and_comments_stay(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CSV, encoding="utf-8")
    expected = CSV.replace('"rows.csv"', f"{tmp_path}/rows.csv").replace("'more/test.csv'", f"{tmp_path}/more/test.csv")
    assert load(tmp_path / "c.yaml").text == expected


def test_a_path_that_yaml_would_not_read_as_text_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "a: b # c"
    folder.mkdir()
    (folder / "c.yaml").write_text(CSV, encoding="utf-8")
    (tmp_path / "copy.yaml").write_text(load(folder / "c.yaml").text, encoding="utf-8")
    assert load(tmp_path / "copy.yaml").spec == load(folder / "c.yaml").spec


def test_without_paths_the_text_stays_as_it_is(tmp_path: Path) -> None:
    text = "data: {source: {kind: csv, path: /rows.csv}} # full\nmodel: softmax\n"
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "c.yaml", ["data.source.path=other.csv"]).text == text


def test_lists_of_paths(tmp_path: Path) -> None:
    text = "data: {source: {kind: cifar, path: [a.bin, /b.bin], test: c.bin}}\nmodel: softmax\n"
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "c.yaml").text == text.replace("a.bin", f"{tmp_path}/a.bin").replace(
        "c.bin", f"{tmp_path}/c.bin"
    )


def test_what_a_spec_extends_is_merged_in(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/base.yaml").write_text(CSV + "optimizer: {lr: 0.5}\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("extends: base/base.yaml\noptimizer: {momentum: 0.9}\n", encoding="utf-8")
    loaded = load(tmp_path / "c.yaml")
    assert loaded.text == (
        f"# {tmp_path}/c.yaml and {tmp_path}/base/base.yaml, merged into one file; "
        "relative paths are written in full.\n"
        "data:\n"
        f"  source: {{kind: csv, path: {tmp_path}/base/rows.csv, test: {tmp_path}/base/more/test.csv}}\n"
        "model: softmax\n"
        "optimizer: {kind: sgd, lr: 0.5, momentum: 0.9}\n"
    )
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/config.yaml").write_text(loaded.text, encoding="utf-8")
    assert load(tmp_path / "elsewhere/config.yaml").spec == loaded.spec


def test_a_default_kind_is_the_kind_of_what_extends_it(tmp_path: Path) -> None:
    base = "data: {source: digits}\nmodel: softmax\noptimizer: {lr: 0.5}\n"
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text("extends: base.yaml\noptimizer: {kind: sgd, momentum: 0.9}\n", encoding="utf-8")
    assert load(path).resolved["optimizer"] == {"kind": "sgd", "lr": 0.5, "momentum": 0.9, "nesterov": False}
    assert load(path, ["optimizer.kind=sgd"]).resolved["optimizer"]["lr"] == 0.5
    assert load(path, ["optimizer.kind=adam"]).resolved["optimizer"]["lr"] == 0.001
