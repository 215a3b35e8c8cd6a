"""A copy of a pipeline for one cell, which shares its parts."""

from __future__ import annotations

import copy
from typing import Any

from ..errors import RenderError


def own_pipeline(pipeline: Any, scheduler: Any) -> Any:
    """A copy of a pipeline for one cell, with its scheduler; the parts are shared.

    Pipelines keep a call's settings on themselves. A prior and a decoder in one pipeline have
    pipelines of their own, which take the scheduler when they are made.
    """
    if hasattr(pipeline, "decoder_pipe"):
        own = type(pipeline)(**pipeline.components | {"scheduler": scheduler})
        own.set_progress_bar_config(disable=True)
        return own
    own = copy.copy(pipeline)
    own.scheduler = scheduler
    return own


def derived(pipeline: Any, cls: Any) -> Any:
    """The same pipeline as one of a class of the user's own, under the name of the stock class.

    Raises RenderError unless the class derives from the stock one.
    """
    name = (type(pipeline).__module__, type(pipeline).__name__)
    # what dwlab gave this pipeline alone is in subclasses of the same name
    same = [each for each in type(pipeline).__mro__ if (each.__module__, each.__name__) == name]
    stock = same[-1]
    if not isinstance(cls, type) or not issubclass(cls, stock):
        own = getattr(cls, "__name__", str(cls))
        raise RenderError(f"pipeline {own} does not derive from {stock.__name__}, which draws here")
    members: dict[str, Any] = {"__module__": cls.__module__}
    for each in reversed(same[:-1]):
        members |= {key: value for key, value in vars(each).items() if not key.startswith("__")}
    object.__setattr__(pipeline, "__class__", type(stock.__name__, (cls,), members))
    return pipeline
