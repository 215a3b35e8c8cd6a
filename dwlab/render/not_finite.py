"""Notices values that are not finite while a picture forms."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

from .packing.cell import taken_off

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


class Watch:
    """Looks for values that are not finite.

    It looks before the pipeline's image processor clamps what was decoded, which turns an infinite
    value into black or white, and when the picture has left a GPU.

    share: the largest share of such values in anything it saw, 0 to 1.
    """

    def __init__(self, pipeline: Any) -> None:
        # numbers of values that are not finite, and of all
        self._counts: list[torch.Tensor] = []
        self._totals: list[int] = []
        processor = getattr(pipeline, "image_processor", None)
        if processor is not None:
            pipeline.image_processor = copy.copy(processor)
            pipeline.image_processor.postprocess = functools.partial(
                self._postprocess, processor.postprocess
            )

    @property
    def share(self) -> float:
        """The largest share."""
        shares = [
            int(count) / total for count, total in zip(self._counts, self._totals, strict=True)
        ]
        return max(shares, default=0.0)

    def look(self, values: torch.Tensor) -> None:
        """Take note of some values."""
        self._counts.append(values.isfinite().logical_not().sum())
        self._totals.append(values.numel())

    def _postprocess(
        self, stock: Callable[..., Any], image: torch.Tensor, *args: Any, **options: Any
    ) -> Any:
        # a GPU's counts come along with the picture, because reading them alone would wait for it
        image, *self._counts = taken_off(image, *self._counts)
        self.look(image)
        return stock(image, *args, **options)
