"""What the run came to: its result beside the baselines, its curves, and the verdict of the diagnosis.

Knows nothing of HTML.
"""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from nntrain.diagnosis import Diagnosis, diagnose
from nntrain.drawing.captions import number
from nntrain.drawing.curves import RATE, Curves, title_of
from nntrain.drawing.page import Block, Commands, Figures, Section, Table, Text, Tile, Tiles
from nntrain.errors import UserError
from nntrain.report.reported_run import ReportedRun, figure_column, figure_text, metric_name, part_name
from nntrain.runs.run_title import PARTS

BATCHES = "Training: mean over the batches of each epoch, while the weights move."
WHOLE = "Training: the cost before each step, over all rows."


def result_section(run: ReportedRun) -> Section:
    """Return the figures of the kept weights on every part, the main one with its interval beside the baselines."""
    scored, summary = run.scored, run.summary or {}
    blocks: list[Block] = []
    if scored is not None:
        blocks.append(Tiles(list(_tiles(scored.result.figures, summary))))
    else:
        blocks.append(Text(run.problem))
    parts = {part: summary[part] for part in reversed(PARTS) if summary.get(part)}
    if not parts and scored is not None:
        parts = {scored.split: scored.result.figures}
    if parts:
        blocks.append(_table(run, parts, scored.model.epoch if scored is not None else summary["epoch"]))
    if run.summary is None and not run.diverged and scored is not None:
        blocks.append(Text("The run is not finished: these are the figures of the best epoch so far.", small=True))
    return Section("result", "Result", blocks, full=True)


def _tiles(figures: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[Tile]:
    part, n = str(figures["split"]), figures["n"]
    name = next((name for name, value in figures.items() if isinstance(value, float) and name != "cost"), "cost")
    low, high = figures["intervals"].get(name, (None, None))
    between = f"95 % interval {figure_text(name, low)} to {figure_text(name, high)}, " if low is not None else ""
    yield Tile(f"{part_name(part)} {metric_name(name)}", figure_text(name, figures[name]), f"{between}n = {n:,}")
    least = summary.get("baselines") or {}
    for metric, value in (least.get(part) or {}).items():
        yield Tile(str(least["answer"]), figure_text(metric, value), f"{part_name(part)} {metric_name(metric)}")
    near = least.get("neighbours") or {}
    for metric, value in (near.get("parts", {}).get(part) or {}).items():
        if metric not in ("model", "n", "worse"):
            rows = near["parts"][part]["n"]
            note = f"{part_name(part)} {metric_name(metric)} on {rows:,.0f} rows, of {near['rows']:,} training rows"
            yield Tile(f"the {near['k']} nearest neighbours", figure_text(metric, value), note)


def _table(run: ReportedRun, parts: Mapping[str, Any], epoch: int) -> Table:
    names = [name for name, value in next(iter(parts.values())).items() if isinstance(value, float)]
    columns = [figure_column(name, [figures.get(name) for figures in parts.values()]) for name in names]
    counts = [f"{figures['n']:,}" for figures in parts.values()]
    rows = [list(row) for row in zip(map(part_name, parts), *columns, counts, strict=True)]
    best = (run.summary or {}).get("best")
    kept = f"Weights of epoch {epoch}" + (f", the best {best['monitor']}" if best else "")
    return Table(kept, ["part", *map(metric_name, names), "examples"], rows)


def curves_section(run: ReportedRun) -> Section:
    """Return cost, scores and learning rate, each a picture of its own; and the epochs as a table."""
    try:
        curves = run.origin.curves()
    except UserError:
        return Section("curves", "Curves", [Text("No epoch was finished, so there are no curves.")], full=True)
    pictures = [
        run.pictures.draw(partial(curves.draw, name), _describe(name, lines)) for name, lines in curves.panels().items()
    ]
    notes = [WHOLE if isinstance(run.spec.train.batch_size, str) else BATCHES]
    notes += ["Validation: after each epoch."] if any(record.get("validation") for record in run.records) else []
    notes += ["The ring is the epoch whose weights are kept."] if curves.kept is not None else []
    notes += ["✕ is where the run diverged."] if run.diverged else []
    return Section("curves", "Curves", [Figures(" ".join(notes), pictures, panels=True), _epochs(curves)], full=True)


def _describe(name: str, lines: Mapping[str, Any]) -> str:
    """Return what a panel shows, for those who hear it."""
    ends = [
        f"{part} from {number(values[0])} to {number(values[-1])}".strip()
        for part, (_, values) in lines.items()
        if values
    ]
    epochs = max((len(values) for _, values in lines.values()), default=0)
    return f"{title_of(name)} over {epochs:,} epochs: {'; '.join(ends)}."


def _epochs(curves: Curves, most: int = 12) -> Table:
    """Return some of the epochs as a table, evenly chosen, the last among them."""
    panels, records = curves.panels(), curves.records
    chosen = sorted({round(k * (len(records) - 1) / max(most - 1, 1)) for k in range(most)})
    heads = [
        f"{part} {metric_name(name)}".strip() if name != RATE else "rate"
        for name, lines in panels.items()
        for part in lines
    ]
    columns = [dict(zip(*line, strict=True)) for lines in panels.values() for line in lines.values()]
    rows = []
    for place in chosen:
        epoch = records[place]["epoch"]
        values = (column.get(epoch, math.nan) for column in columns)
        rows.append([f"{epoch:,}", *(number(value) if math.isfinite(value) else "–" for value in values)])
    return Table("Figures by epoch", ["epoch", *heads], rows, summary="Some epochs as a table")


def verdict_section(run: ReportedRun, seconds: float) -> Section | None:
    """Return what the diagnosis says after replays of about so many seconds; without replays only of a divergence."""
    why = str(run.record.get("stopped") or "").strip()
    blocks: list[Block] = [Text(f"{why[0].upper()}{why[1:]}.")] if run.diverged and why else []
    if not seconds:
        return Section("verdict", "Verdict: diverged", blocks, full=True, look="bad") if run.diverged else None
    try:
        found = diagnose(run.path, seconds=seconds)
    except UserError as error:
        title = "Verdict: diverged" if run.diverged else "Verdict: not examined"
        look = "bad" if run.diverged else "plain"
        return Section("verdict", title, [*blocks, Text(str(error))], full=True, look=look)
    look = "bad" if found.is_serious else "good" if found.verdict == "right" else "plain"
    title = f"Verdict: {_VERDICTS.get(found.verdict, found.verdict.replace('_', ' '))}"
    return Section("verdict", title, [*blocks, *_reasons(found)], full=True, look=look)


_VERDICTS = {"right": "nothing is wrong", "not_sure": "not sure", "noise_floor": "held up by the noise of its batches"}


def _reasons(found: Diagnosis) -> Iterator[Block]:
    replays = found.examined.replays
    yield Text(f"{found.reason[0].upper()}{found.reason[1:]}.")
    if found.others:
        yield Text(f"Besides: {', '.join(kind.replace('_', ' ') for kind in found.others)}.")
    if found.command:
        yield Text("This would settle it:" if found.verdict == "not_sure" else "This mends it:")
        yield Commands([found.command])
    if replays.rates:
        rows = [
            [f"{factor * found.run.rate:.3g}", "diverged" if math.isinf(cost) else number(cost)]
            for factor, cost in sorted(replays.rates.items())
        ]
        epochs = f"{replays.epochs:,} epoch{'s' * (replays.epochs != 1)}"
        caption = f"Cost after {epochs} trained again from the same start, on the same batches; the run's rate is "
        caption += f"{found.run.rate:.3g}. Tried: {found.findings[0].experiment}"
        yield Table(caption, ["learning rate", "training cost"], rows, summary="Trained again at other rates")
    evidence = [[kind, said] for kind, said in found.evidence]
    if evidence:
        yield Table("What was seen", ["what", "says"], evidence, (1,), summary="Evidence")
