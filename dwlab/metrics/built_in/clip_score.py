"""How well pictures fit their prompts, as a network like CLIP sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from ..clip_model import ClipModel
    from ..setup import Setup


class ClipScore:
    """100 times the cosine of picture and prompt, at least 0 (Hessel et al. 2021, without their 2.5)."""

    def __init__(self, clip: ClipModel) -> None:
        self._clip = clip

    def scores(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> list[float]:
        """The CLIP score of each picture with its own prompt, 0 to 100."""
        cosines = (self._clip.pictures(pictures) * self._clip.texts(prompts)).sum(dim=-1)
        return [float(cosine) for cosine in (100 * cosines).clamp(min=0).cpu()]


@metric(
    version=1,
    batch=32,
    bounds=(0, 100),
    options=Options(takes=frozenset({"model"}), reads_prompt=True),
)
def clip_score(setup: Setup) -> ClipScore:
    """How well the picture fits its prompt, as a network like CLIP sees it."""
    return ClipScore(setup.network())
