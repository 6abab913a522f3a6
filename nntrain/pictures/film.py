"""The epochs of a training that become the pictures of a film. Knows nothing of what they show."""

from collections.abc import Callable

from nntrain.drawing.style import Draw
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.runs.run_title import score_text
from nntrain.runs.trained import Trained

MOST = 40  # pictures of a film, unless one asks for more

Frame = Callable[[Trained, str], Draw]  # from a model and its score to how it is drawn


def frames_of(origin: Origin, options: Options, frame: Frame) -> list[Draw]:
    """Return a picture of the first weights and of every N-th epoch of a training that is done again in memory.

    Without N there are at most 40 pictures. The last epoch is always among them.
    """
    replay = origin.replay()
    last = replay.loaded.spec.train.epochs if options.epoch is None else options.epoch
    every = options.every or -(-last // MOST)
    drawn = [frame(replay.model(origin.path, 0, 0), "before training")]
    shown, model, score = 0, replay.model(origin.path, 0, 0), ""
    for record in replay.train(last):
        origin.compare(record)
        figures = record.validation or record.train
        n = replay.prepared.data.validation if record.validation else replay.prepared.data.train
        part = "validation" if record.validation else "train"
        score = score_text(part, {**figures, "n": len(n) if n is not None else 0})
        model = replay.model(origin.path, record.epoch, record.step)
        if record.epoch % every == 0 or record.epoch == last:
            drawn.append(frame(model, score))
            shown = record.epoch
    if model.epoch != shown and not replay.diverged:
        drawn.append(frame(model, score))
    if replay.diverged:
        origin.notes.append(f"{origin.path}: {replay.diverged}")
    return drawn
