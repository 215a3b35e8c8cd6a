"""A copy of a pipeline for one cell, which shares its parts."""

from __future__ import annotations

import copy
import inspect
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
    stock: Any = same[-1]
    if not isinstance(cls, type) or not issubclass(cls, stock):
        own = getattr(cls, "__name__", str(cls))
        raise RenderError(f"pipeline {own} does not derive from {stock.__name__}, which draws here")
    # diffusers tells by its signature what the components are
    members: dict[str, Any] = {"__module__": cls.__module__, "__init__": stock.__init__}
    for each in reversed(same[:-1]):
        members |= {key: value for key, value in vars(each).items() if not key.startswith("__")}
    vars(pipeline).update(_set_by_itself(pipeline, cls, stock))
    object.__setattr__(pipeline, "__class__", type(stock.__name__, (cls,), members))
    return pipeline


def _set_by_itself(pipeline: Any, cls: Any, stock: Any) -> dict[str, Any]:
    """The attributes that a class's own `__init__` sets; raises RenderError if it takes others."""
    if cls.__init__ is stock.__init__:
        return {}
    known = {**pipeline.config, **pipeline.components}
    names = inspect.signature(stock.__init__).parameters
    try:
        fresh = cls(**{name: value for name, value in known.items() if name in names})
    except TypeError as error:
        raise RenderError(
            f"pipeline {cls.__name__} cannot be made of what {stock.__name__} is made of: {error}"
        ) from error
    kept = {*pipeline.components, "_internal_dict", "_progress_bar_config"}
    return {name: value for name, value in vars(fresh).items() if name not in kept}
