"""The page of one run: which sections it has, and in which order. Knows nothing of HTML."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from nntrain import __version__
from nntrain.artifacts.rundir import REPORT, RunDir
from nntrain.drawing.page import Page, Section, Text, need_jinja, render_page
from nntrain.errors import UserError
from nntrain.report.model_sections import health_section, weights_section
from nntrain.report.origin_sections import repeat_section, settings_section
from nntrain.report.reported_run import ReportedRun
from nntrain.report.result_sections import curves_section, result_section, verdict_section
from nntrain.report.score_sections import score_sections

SECONDS = 20.0  # of replays for the verdict
LOOKS = {"done": "good", "diverged": "bad"}


def make_report(path: Path, *, seconds: float = SECONDS) -> tuple[str, list[str]]:
    """Return the page of a run as HTML, and notes; the run is only read.

    ``seconds`` is the time for the replays of the verdict, 0 for none. MissingExtraError without Jinja2,
    CheckpointError for what is no run or is damaged.
    """
    need_jinja()
    run = ReportedRun(path)
    sections = _fill_rows(list(_sections(run, seconds)))
    result = run.heading.details[-1] if run.heading.details and run.summary else ""
    page = Page(
        name=run.heading.name,
        status=run.status,
        details=[detail for detail in run.heading.details if detail],
        sections=sections,
        footer=f"Made by nntrain {__version__} from {path.resolve().name}. Nothing is loaded from elsewhere.",
        result=result,
        look=LOOKS.get(run.status, ""),
    )
    return render_page(page), list(dict.fromkeys(run.origin.notes))


def write_report(directory: RunDir) -> list[str]:
    """Write the report of a run into its locked directory; return notes. Nothing that goes wrong here undoes a run."""
    path = directory.path
    try:
        page, notes = make_report(path)
        directory.write_bytes(REPORT, page.encode("utf-8", "backslashreplace"))
    except Exception as error:  # noqa: BLE001  # whatever data, Matplotlib and the disk come up with
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return [f"{path}: the report was not written: {reason}; nntrain report {path} writes one"]
    return notes


def _sections(run: ReportedRun, seconds: float) -> Iterator[Section]:
    """Yield the sections: the result first, of a run without one the verdict."""
    result, verdict = result_section(run), verdict_section(run, seconds)
    opening = [result, verdict] if run.scored is not None else [verdict, result]
    yield from (section for section in opening if section is not None)
    yield curves_section(run)
    yield from _whole("health", "Layers", lambda: health_section(run))
    yield from score_sections(run)
    yield from _whole("weights", "Weights", lambda: weights_section(run))
    yield settings_section(run)
    yield repeat_section(run)


def _fill_rows(sections: Sequence[Section]) -> list[Section]:
    """Return the sections with one as wide as the page wherever it would stand beside nothing."""
    found: list[Section] = []
    beside = 0  # how many have stood side by side without a full one
    for section, after in zip_longest(sections, sections[1:]):
        beside = 0 if section.full else beside + 1
        alone = beside % 2 == 1 and (after is None or after.full)
        found.append(replace(section, full=True) if alone else section)
    return found


def _whole(identity: str, title: str, make: Callable[[], Section | None]) -> Iterator[Section]:
    """Yield a section, or in its place why there is none."""
    try:
        section = make()
    except UserError as error:
        section = Section(identity, title, [Text(str(error))])
    if section is not None:
        yield section
