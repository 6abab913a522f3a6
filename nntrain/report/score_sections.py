"""How the kept model does, example by example: confusion, classes, calibration, errors, residuals.

Decisions and figures are those of ``nntrain eval``. Knows nothing of HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nntrain.drawing.captions import number
from nntrain.drawing.page import Block, Figures, Section, Table, Text
from nntrain.errors import UserError
from nntrain.pictures.boundary_pictures import gather_boundary
from nntrain.pictures.error_pictures import draw_of, find_worst
from nntrain.pictures.picture_options import Options
from nntrain.pictures.score_pictures import gather_calibration, gather_confusion, gather_ranking, gather_residuals
from nntrain.pictures.scored_part import ScoredExamples
from nntrain.report.reported_run import ReportedRun, figure_column, metric_name, part_name

PAIRS = 8
MOST_CLASSES = 40  # rows of a table of classes: of more those with the lowest F1
MOST_TARGETS = 6  # of several targets, whose residuals are drawn
COUNT = 25


def score_sections(run: ReportedRun) -> Iterator[Section]:
    """Yield the sections that suit the task of the model; none where it could not be scored."""
    scored = run.scored
    if scored is None:
        return
    if scored.task == "classification":
        yield confusion_section(run, scored)
    if rows := _scores(scored.result.figures):
        yield Section("classes", *rows)
    if scored.task == "classification" and scored.result.predictions.probabilities:
        caption = (
            "How often the model is right against how sure it says it is: on the line it can be taken at its word."
        )
        picture = run.pictures.draw(
            gather_calibration(scored, Options()), "Reliability diagram with the calibration error."
        )
        yield Section("calibration", "Calibration", [Figures(caption, [picture])])
        if len(scored.names) == 2:
            yield _threshold(run, scored)
    if scored.task in ("classification", "regression"):
        yield errors_section(run, scored)
    if scored.task == "regression":
        yield residuals_section(run, scored)
    if scored.task in ("classification", "regression") and scored.raw.train.X.shape[1] == 2:
        yield from _boundary(run, scored)


def confusion_section(run: ReportedRun, scored: ScoredExamples) -> Section:
    """Return the confusion matrix and the pairs that are confused most often."""
    confusion = scored.result.confusion
    assert confusion is not None
    total, right = int(confusion.counts.sum()), int(np.trace(confusion.counts))
    said = f"Confusion matrix of {len(scored.names):,} classes: {right:,} of {total:,} examples are right."
    picture = run.pictures.draw(gather_confusion(scored, Options()), said, on_white=True)
    blocks: list[Block] = [
        Figures(f"Rows are true classes of the {part_name(scored.split)} part, columns what the model said.", [picture])
    ]
    support = dict(zip(confusion.class_names, confusion.counts.sum(axis=1).tolist(), strict=True))
    rows = [[a, b, f"{n:,}", f"{n / support[a]:.1%}"] for a, b, n in confusion.worst(PAIRS)]
    if rows:
        blocks.append(Table("The most frequent errors", ["true", "taken for", "examples", "of its class"], rows, (1,)))
    return Section("confusion", "Confusion", blocks)


def _scores(figures: Mapping[str, Any]) -> tuple[str, Sequence[Block]] | None:
    """Return the title and the table of the figures of each class, label or target, where there are several."""
    for key, what in (("classes", "class"), ("labels", "label"), ("targets", "target")):
        if figures.get(key):
            return f"By {what}", [_score_table(figures[key], what, part_name(str(figures["split"])))]
    return None


def _score_table(scores: Sequence[Mapping[str, Any]], what: str, part: str) -> Table:
    names = [name for name in scores[0] if name not in ("name", "support")]
    caption = f"On the {part} part"
    if len(scores) > MOST_CLASSES and "f1" in names:
        caption += f": the {MOST_CLASSES} of {len(scores):,} with the lowest F1"
        scores = sorted(scores, key=lambda score: np.nan_to_num(score["f1"], nan=0.0))[:MOST_CLASSES]
    heads = [what, *map(metric_name, names), *(["examples"] if "support" in scores[0] else [])]
    columns = [figure_column(_scale(name), [score[name] for score in scores]) for name in names]
    columns += [[f"{score['support']:,}" for score in scores]] if "support" in scores[0] else []
    named = [str(score["name"]) for score in scores]
    return Table(caption, heads, [list(row) for row in zip(named, *columns, strict=True)])


def _scale(name: str) -> str:
    """Return a metric whose figures are written as those of a class are."""
    return "accuracy" if name in ("precision", "recall", "f1") else name


def _threshold(run: ReportedRun, scored: ScoredExamples) -> Section:
    title = "Threshold"
    try:
        draw = gather_ranking(scored, Options())
    except UserError as error:  # all examples are of one class
        return Section("threshold", title, [Text(str(error))], full=True)
    said = f"ROC curve, precision against recall, and both by threshold, for the class {scored.names[1]}."
    caption = f"“{scored.names[1]}” is said where its probability is above the threshold in use, which the rings mark."
    return Section("threshold", title, [Figures(caption, [run.pictures.draw(draw, said)])], full=True)


def errors_section(run: ReportedRun, scored: ScoredExamples) -> Section:
    """Return the worst examples, as pictures where they are pictures, and as a table."""
    title = "Worst examples"
    try:
        worst = find_worst(scored, Options(count=COUNT))
    except UserError as error:
        return Section("errors", title, [Text(str(error))])
    caption = (
        f"{worst.said[0].upper()}{worst.said[1:]}, on the {part_name(scored.split)} part; row 0 is the data's first"
    )
    given = any(one.of_said for one in worst.examples)
    heads = ["row", "said", *(["given"] if given else []), "true", *(["given"] if given else []), *worst.columns]
    rows = []
    for k, one in enumerate(worst.examples):
        said = [one.said, one.of_said] if given else [one.said]
        truth = [one.truth, one.of_truth] if given else [one.truth]
        rows.append([f"{one.row:,}", *said, *truth, *(worst.cells[k] if worst.cells else [])])
    words = (1, 3) if given else ()
    if worst.pixels is None:
        more = f"; {worst.more[0]}" if worst.more else ""
        return Section("errors", title, [Table(caption + more, heads, rows, words)], full=True)
    drawn = run.pictures.draw(
        draw_of(worst, scored.heading), f"{caption}. The same as a table below.", on_white=True, scale=1.4
    )
    table = Table(caption, heads, rows, words, summary="The same as a table")
    return Section("errors", title, [Figures(caption, [drawn]), table], full=True)


def residuals_section(run: ReportedRun, scored: ScoredExamples) -> Section:
    """Return predicted against true numbers of each target."""
    names = list(scored.result.predictions.columns)
    pictures = []
    for name in names[:MOST_TARGETS]:
        k = names.index(name)
        error = np.asarray(scored.result.predictions.values[:, k] - np.asarray(scored.result.truth)[:, k], np.float64)
        said = f"Errors of {name}: mean {number(float(error.mean()), 3)}, deviation {number(float(error.std()), 3)}."
        draw = gather_residuals(scored, Options(target=name))
        pictures.append(run.pictures.draw(draw, said, on_white=len(error) > 800))
    caption = "Left: on the line the prediction is right. Right: the error against the prediction"
    caption += ", with its median and the band of 80 %." if len(scored.result.rows) >= 100 else "."
    if len(names) > MOST_TARGETS:
        caption += f" The first {MOST_TARGETS} of {len(names)} targets are drawn."
    return Section("residuals", "Residuals", [Figures(caption, pictures)], full=True)


def _boundary(run: ReportedRun, scored: ScoredExamples) -> Iterator[Section]:
    try:
        draw = gather_boundary(run.origin, Options(split=scored.split))
    except UserError:  # such as missing values: there is no such picture
        return
    caption = f"What the model says over its two inputs, with the {part_name(scored.split)} part on it."
    yield Section("boundary", "Boundary", [Figures(caption, [run.pictures.draw(draw, caption, on_white=True)])])
