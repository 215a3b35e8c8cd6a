"""Which arguments of diffusers' calls and classes an experiment's file can give: numbers, texts and lists, no objects."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLIP_SKIP = "clip_skip"
_OBJECTS = ("Tensor", "Image", "ndarray", "Generator", "Callable")
# the renderer's own, and texts by their annotation but tensors in fact
_NEVER = ("callback", "embeds")


def writable(function: Callable[..., Any]) -> list[str]:
    """The names of a call's arguments that plain values can be given for, sorted; `self`, *args and **kwargs are none."""
    parameters = inspect.signature(function).parameters.values()
    return sorted(parameter.name for parameter in parameters if _is_writable(parameter))


def _is_writable(parameter: inspect.Parameter) -> bool:
    if parameter.name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return False
    if any(word in parameter.name for word in _NEVER):
        return False
    kinds = [kind for kind in str(parameter.annotation).split(" | ") if kind != "None"]
    return any(not any(word in kind for word in _OBJECTS) for kind in kinds)


def check_clip_skip(value: object, pipeline: str, folder: Path) -> None:
    """Raise InvalidInput for more layers than the text encoders have: diffusers would end with an index out of range.

    The larger models leave one out by themselves.
    """
    configs = [folder / part / "config.json" for part in ("text_encoder", "text_encoder_2")]
    layers = [read_object(path).get("num_hidden_layers") for path in configs if path.is_file()]
    most = min((count for count in layers if isinstance(count, int)), default=12)
    if pipeline.startswith(("StableDiffusionXL", "StableDiffusion3")):
        most -= 1
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most):
        return
    raise InvalidInput(f"call.{CLIP_SKIP}", value, f"a whole number from 0 to {most}: last layers of the text encoder")
