"""How much people would like pictures, as a preference model of the shape of CLIP predicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from ..clip_model import ClipModel
    from ..setup import Setup


class Preference:
    """The network's own score of picture and prompt: the `logits_per_image` of transformers.

    For PickScore that is the score of its authors (Kirstain et al. 2023); for HPS v2 in the layout
    of transformers it is 100 times theirs.
    """

    def __init__(self, clip: ClipModel) -> None:
        self._clip = clip

    def scores(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> list[float]:
        """The score of each picture with its own prompt."""
        return [float(score) for score in self._clip.logits(pictures, prompts).cpu()]


@metric(version=1, batch=32, options=Options(needs=frozenset({"model"}), reads_prompt=True))
def preference(setup: Setup) -> Preference:
    """The score of a preference model for picture and prompt."""
    return Preference(setup.network())
