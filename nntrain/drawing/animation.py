"""Films: pictures one after the other as a GIF, small by one palette for all. Knows nothing of what is drawn."""

import io
from collections.abc import Sequence

from nntrain.drawing.style import Draw, Use, save, styled

SECONDS = 6.0  # that a film lasts
HOLD = 1.5  # seconds that its last picture stays
LONGEST = 0.4  # seconds of a picture in a film of few
TONES = 48


def animate(frames: Sequence[Draw], use: Use = "screen") -> bytes:
    """Return the film of pictures of one size; the last one is held, white stays white."""
    from PIL import Image

    images = []
    with styled(use):
        for draw in frames:
            with Image.open(io.BytesIO(save(draw(), "png"))) as picture:
                images.append(picture.convert("RGB"))
    palette = images[-1].quantize(TONES, method=Image.Quantize.MEDIANCUT)
    tones = list(palette.getpalette() or [])
    lightest = max(range(0, len(tones), 3), key=lambda k: sum(tones[k : k + 3]))
    tones[lightest : lightest + 3] = [255, 255, 255]
    palette.putpalette(tones)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    each = round(1000 * min(SECONDS / len(flat), LONGEST))
    times = [each] * (len(flat) - 1) + [round(1000 * HOLD)]
    target = io.BytesIO()
    options = {"save_all": True, "append_images": flat[1:], "duration": times, "loop": 0, "optimize": True}
    flat[0].save(target, format="GIF", disposal=1, **options)
    return target.getvalue()
