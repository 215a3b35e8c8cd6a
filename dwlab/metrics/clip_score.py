"""How well pictures fit their prompts, as a network like CLIP sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .metric import Metric, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from .clip_model import ClipModel
    from .setup import Setup


class ClipScore:
    """100 times the cosine of picture and prompt, at least 0 (Hessel et al. 2021, without their 2.5)."""

    def __init__(self, clip: ClipModel) -> None:
        self._clip = clip

    def scores(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> list[float]:
        """The CLIP score of each picture with its own prompt, 0 to 100."""
        cosines = (self._clip.pictures(pictures) * self._clip.texts(prompts)).sum(dim=-1)
        return [float(cosine) for cosine in (100 * cosines).clamp(min=0).cpu()]


def _make(setup: Setup) -> ClipScore:
    return ClipScore(setup.network())


CLIP_SCORE = Metric(
    name="clip_score",
    version=1,
    scope=Scope.ALONE,
    make=_make,
    span=100.0,
    takes=frozenset({"model"}),
    reads_prompt=True,
)
