"""Which arguments of diffusers' calls and classes an experiment's file can give: numbers, texts and lists, no objects."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.checks import check_whole_number
from .._util.jsonfile import read_object
from ..errors import InvalidInput
from ..spec import catalog, schedulers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..spec.params import GenerationParams
    from .identity import Identity

import inspect
from typing import TYPE_CHECKING

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
    if parameter.name == "self" or parameter.kind in (
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    ):
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
    if value is not None:
        check_whole_number(f"call.{CLIP_SKIP}", value, 0, most, ": last layers of the text encoder")


def check_arguments(params: Iterable[GenerationParams], identity: Identity) -> None:
    """Check schedulers, their options and call arguments against diffusers' signatures, before weights load.

    Raises InvalidInput naming the argument.
    """
    variants = {
        (tuple(p.call), repr(p.call.get(CLIP_SKIP)), p.scheduler, tuple(p.scheduler_options)): p
        for p in params
    }
    for one in variants.values():
        if not schedulers.is_known(
            one.scheduler, one.scheduler_options
        ):  # diffusers takes seconds to import
            _check_scheduler(one)
        if one.call:
            _check_call(one, identity)


def _check_call(params: GenerationParams, identity: Identity) -> None:
    import diffusers

    if catalog.lookup(identity.name).random:
        raise InvalidInput(
            "call", dict(params.call), f"nothing for {identity.name}, which is for measuring"
        )
    cls = getattr(diffusers, str(read_object(identity.folder / "model_index.json")["_class_name"]))
    accepted = writable(cls.__call__)
    for name in params.call:
        if name not in accepted:
            allowed = f"an argument of {cls.__name__}'s call that takes numbers or text: {', '.join(accepted)}"
            raise InvalidInput(f"call.{name}", params.call[name], allowed)
    if CLIP_SKIP in params.call:
        check_clip_skip(params.call[CLIP_SKIP], cls.__name__, identity.folder)


def _check_scheduler(params: GenerationParams) -> None:
    import diffusers

    cls = getattr(diffusers, str(params.scheduler), None)
    if lacking := getattr(
        cls, "_backends", None
    ):  # what diffusers puts in place of a class it cannot import
        raise InvalidInput(
            "scheduler",
            params.scheduler,
            f"a scheduler that works here; this one {_needs(lacking)}",
        )
    if not (isinstance(cls, type) and issubclass(cls, diffusers.SchedulerMixin)):
        raise InvalidInput(
            "scheduler", params.scheduler, f"a scheduler class of diffusers {diffusers.__version__}"
        )
    accepted = writable(cls)
    for name in params.scheduler_options:
        if name not in accepted:
            raise InvalidInput(
                f"scheduler_options.{name}", params.scheduler_options[name],
                f"an option of {params.scheduler}: {', '.join(accepted)}",
            )  # fmt: skip


def _needs(packages: list[str]) -> str:
    missing = [name for name in packages if importlib.util.find_spec(name) is None] or packages
    return f"needs `pip install {' '.join(missing)}` first"
