"""What can be measured of a finished picture; each measure has a version, so that old values can be told."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from PIL import Image

log = logging.getLogger(__name__)
Values = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """Metrics that are computed together. model: the only model they are taken of by default, or None for all."""

    names: tuple[str, ...]
    version: int
    compute: Callable[[Image.Image, str], Values]  # of a picture and its prompt
    model: str | None = None


def _light(image: Image.Image) -> np.ndarray:
    """Luma [H, W] in 0..1 (Rec. 601 weights)."""
    import numpy as np

    return np.asarray(image.convert("RGB"), dtype=np.float64) @ (0.299, 0.587, 0.114) / 255


def _basic(image: Image.Image, _prompt: str) -> Values:
    """Properties of any picture.

    brightness: mean luma. contrast: its standard deviation (RMS contrast). sharpness: variance of its
    Laplacian (Pech-Pacheco et al. 2000), x 1000. colourfulness: Hasler & Süsstrunk 2003. blank: 1 for
    one flat colour.
    """
    import numpy as np

    y = _light(image)
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    rgb = np.asarray(image.convert("RGB"), dtype=np.float64)
    rg, yb = rgb[..., 0] - rgb[..., 1], (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    spread, mean = np.hypot(rg.std(), yb.std()), np.hypot(rg.mean(), yb.mean())
    return {
        "brightness": float(y.mean()),
        "contrast": float(y.std()),
        "sharpness": float(laplacian.var() * 1000) if laplacian.size else 0.0,
        "colourfulness": float(spread + 0.3 * mean),
        "blank": int(rgb.std(axis=(0, 1)).max() < 1.0),
    }


def _shapes(image: Image.Image, prompt: str) -> Values:
    """What the judge of `shapes` found, and the share of the prompt's attributes that it found right."""
    from .. import shapes

    verdict = shapes.judge(image)
    found = {
        f"found_{name}": getattr(verdict, name)
        for name in ("shape", "colour", "size", "position", "background")
    }
    return {**found, "adherence": shapes.adherence(prompt, verdict)}


FAMILIES = (
    Family(("brightness", "contrast", "sharpness", "colourfulness", "blank"), 1, _basic),
    Family(
        (
            "found_shape",
            "found_colour",
            "found_size",
            "found_position",
            "found_background",
            "adherence",
        ),
        1,
        _shapes,
        model="shapes",
    ),
)
# nan is measured while decoding (see render) and cannot be read off a finished picture
NAMES = tuple(name for family in FAMILIES for name in family.names)
NAN_VERSION = 2  # 1 looked at the decoder's output only after it had been clamped
STARS = "stars"  # given by people, 1 to 5: kept as marks beside the metrics
RANKING = ("adherence", STARS, "brightness", "contrast", "sharpness", "colourfulness")


def check_names(names: Iterable[str] | None) -> None:
    """Raise InvalidInput for a name that is no metric."""
    for name in names or ():
        if name not in NAMES:
            raise InvalidInput(
                "metrics", name, f"{', '.join(NAMES)}; leave metrics out to take all that apply"
            )


def check_ranking(metric: str | None, names: Iterable[str] | None) -> None:
    """Raise InvalidInput if settings cannot be ranked by `metric`: unknown, not a number, or not among `names`."""
    if metric is None:
        return
    if metric not in RANKING:
        raise InvalidInput(
            "metric", metric, f"{', '.join(RANKING)}; leave it out for {RANKING[0]}, else {STARS}"
        )
    if names is not None and metric not in (*names, STARS):
        raise InvalidInput(
            "metric", metric, f"one of this sweep's metrics ({', '.join(names)}), or {STARS}"
        )


def applying(model: str, names: Iterable[str] | None = None) -> set[str]:
    """The metrics to take of a model's pictures: `names`, or all that apply to the model."""
    if names is not None:
        return set(names)
    return {name for family in FAMILIES if family.model in (None, model) for name in family.names}


def measure(
    image: Image.Image, *, prompt: str, model: str, names: Iterable[str] | None = None
) -> dict[str, tuple[int, Any]]:
    """Metrics of one picture as name -> (version, value); names: which ones (None: all that apply to its model).

    Those that cannot be computed are None, with a warning in the log: they cost no picture.
    """
    wanted = applying(model, names)
    found: dict[str, tuple[int, Any]] = {}
    for family in FAMILIES:
        if chosen := [name for name in family.names if name in wanted]:
            values = _computed(family, image, prompt)
            found |= {name: (family.version, values.get(name)) for name in chosen}
    return found


def _computed(family: Family, image: Image.Image, prompt: str) -> Values:
    try:
        return family.compute(image, prompt)
    except Exception as error:  # noqa: BLE001  # whatever a measure trips over, the picture is finished
        log.warning(
            "%s cannot be measured: %s: %s", ", ".join(family.names), type(error).__name__, error
        )
        return {}
