"""Notices values that are not finite while a picture forms."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


class Watch:
    """Looks for values that are not finite.

    It looks before the pipeline's image processor clamps what was decoded, which turns an infinite
    value into black or white.

    share: the largest share of such values in anything it saw, 0 to 1.
    """

    def __init__(self, pipeline: Any) -> None:
        self.share = 0.0
        processor = getattr(pipeline, "image_processor", None)
        if processor is not None:
            pipeline.image_processor = copy.copy(processor)
            pipeline.image_processor.postprocess = functools.partial(
                self._postprocess, processor.postprocess
            )

    def look(self, values: torch.Tensor) -> None:
        """Take note of some values."""
        self.share = max(self.share, 1.0 - float(values.isfinite().double().mean()))

    def _postprocess(
        self, stock: Callable[..., Any], image: torch.Tensor, *args: Any, **options: Any
    ) -> Any:
        self.look(image)
        return stock(image, *args, **options)
