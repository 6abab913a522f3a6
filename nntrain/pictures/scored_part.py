"""A part of the data that a model is scored on, and what a picture needs of it. Knows nothing of what is drawn."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import SPLITS, Part, Raw
from nntrain.drawing.sheet import Heading
from nntrain.errors import DataError, SpecError
from nntrain.pictures.origin import Origin
from nntrain.runs.evaluation import Evaluation, evaluate
from nntrain.runs.run_title import score_text
from nntrain.runs.trained import Trained

PREFERRED = ("test", "validation", "train")


@dataclass
class ScoredExamples:
    """A model, and its evaluation on one part of its data; ``shown`` is the heading of what is drawn of it."""

    origin: Origin
    model: Trained
    result: Evaluation
    split: str

    @classmethod
    def of(cls, origin: Origin, epoch: int | None, split: str | None) -> "ScoredExamples":
        """Score the model on a part, by default on the test part, else validation, else training. Raises as eval."""
        return cls.of_model(origin, origin.model(epoch), split)

    @classmethod
    def of_model(
        cls, origin: Origin, model: Trained, split: str | None, *, intervals: bool = False
    ) -> "ScoredExamples":
        """Score a model that is at hand, with the interval of each metric if they are asked for."""
        chosen = split or first_part(model)
        result = evaluate(model, chosen, intervals=intervals)
        origin.notes += result.notes
        return cls(origin, model, result, chosen)

    @property
    def task(self) -> str:
        """What the model learned."""
        return self.result.task

    def heading(self, *more: str) -> Heading:
        """Return the heading, which has the score on this part."""
        score = score_text(str(self.result.figures["split"]), self.result.figures)
        return self.origin.heading(self.model, score, *more)

    def need(self, picture: str, *tasks: str) -> None:
        """Raise SpecError for a model that the picture cannot be drawn of."""
        if self.task not in tasks:
            raise SpecError(f"{picture}: is for {' or '.join(tasks)}; {self.origin.path} learned {self.task}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.model.assembly.facts.class_names

    @cached_property
    def truth(self) -> Array:
        """The index of the true class of each example, (n,)."""
        place = {name: k for k, name in enumerate(self.names)}
        return np.array([place[str(name)] for name in self.result.truth])

    @cached_property
    def said(self) -> Array:
        """The index of the class that was said of each example, (n,)."""
        place = {name: k for k, name in enumerate(self.names)}
        return np.array([place[name] for name in self.result.predictions.labels])

    @cached_property
    def raw(self) -> Raw:
        """The data as the source has them."""
        spec = self.model.assembly.spec
        return spec.data.load(spec.seed)

    def raw_rows(self, chosen: Array) -> Array:
        """Return the inputs (k, d) of chosen examples as the source has them, before any scaling."""
        raw = self.raw
        part: Part = raw.test if self.split == "test" and raw.test is not None else raw.train
        place = {int(row): k for k, row in enumerate(part.rows)}
        rows = np.array([place[int(row)] for row in self.result.rows[chosen]], np.int64)
        return part.take(rows).array


def first_part(model: Trained) -> str:
    """Return the first part that the data of a model have, of test, validation and train."""
    for name in PREFERRED:
        try:
            model.part(name)
        except DataError as error:
            if name == PREFERRED[-1] or not str(error).startswith(f"data: there is no {name} part"):
                raise
        else:
            return name
    return SPLITS[0]
