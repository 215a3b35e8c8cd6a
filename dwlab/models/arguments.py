"""Checks arguments of a pipeline's call and options of a scheduler before any weights load."""

from __future__ import annotations

import importlib.util
import inspect
from typing import TYPE_CHECKING, Any

from .._util.checks import check_whole_number
from .._util.jsonfile import read_object
from ..errors import InvalidInput
from ..spec import catalog, families, schedulers, tasks
from .accelerators_fit import check_accelerators
from .refiners import SCORES
from .tasks import class_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ..spec.params import GenerationParams
    from .controlnets import ControlNet, Nets
    from .identity import Identity

CLIP_SKIP = "clip_skip"
# families whose latents have the shape [channels, height, width] that AUTOMATIC1111 draws
NOISE_FAMILIES = ("sd", "sdxl", "sd3")
# words in annotations of objects that an experiment file cannot contain
_OBJECTS = ("Tensor", "Image", "ndarray", "Generator", "Callable")
# words in names of arguments that the renderer sets, or that are tensors despite their annotation
_RESERVED = ("callback", "embeds")
# arguments of the classes for pictures that a recipe has other names for
_FROM_INPUTS = frozenset(
    {
        "strength",
        "max_area",
        "padding_mask_crop",
        "controlnet_conditioning_scale",
        "control_guidance_start",
        "control_guidance_end",
        "control_mode",
    }
)
_DEFAULT_LAYERS = 12
# these leave out one layer by themselves
_SKIP_ONE_LAYER = ("StableDiffusionXL", "StableDiffusion3")


def check_arguments(
    params: Iterable[GenerationParams], identity: Identity, nets: Nets | None = None
) -> None:
    """Check schedulers, their options and call arguments against diffusers' signatures.

    nets: looks for ControlNets, whose class decides which call it is. Raises InvalidInput naming the argument.
    """
    variants = {_variant(cell): cell for cell in params}
    for cell in variants.values():
        # looked up first because diffusers takes seconds to import
        is_own = cell.scheduler_code is not None
        if not is_own:
            _check_kind_of_scheduler(cell, identity)
        if not is_own and not schedulers.is_known(cell.scheduler, cell.scheduler_options):
            _check_scheduler(cell)
        if cell.prediction and not is_own:
            _check_prediction(cell)
        if cell.call:
            _check_call(cell, identity, nets.of(cell) if nets and cell.control else ())
        if cell.noise != "cpu":
            _check_noise(cell, identity)
        if cell.accelerate:
            check_accelerators(cell, identity)


def _variant(cell: GenerationParams) -> tuple[object, ...]:
    """All that matters for the checks: names of arguments, but the value of clip_skip only."""
    clip_skip = repr(cell.call.get(CLIP_SKIP))
    options = tuple(cell.scheduler_options)
    words = (cell.scheduler, cell.noise, bool(cell.prediction))
    task = (tasks.task_of(cell), cell.pipeline)
    parts = (bool(cell.control), bool(cell.ip_adapter), bool(cell.refiner))
    return tuple(cell.call), clip_skip, options, words, task, parts, tuple(cell.accelerate)


def _check_call(cell: GenerationParams, identity: Identity, nets: Sequence[ControlNet]) -> None:
    import diffusers

    if catalog.lookup(identity.name).random:
        allowed = f"nothing for {identity.name}, which is for measuring"
        raise InvalidInput("call", dict(cell.call), allowed)
    index = read_object(identity.folder / "model_index.json")
    loaded = str(index["_class_name"])
    # the class for pictures takes some other arguments
    pipeline = getattr(diffusers, class_for(cell, loaded, nets) or loaded)
    accepted = [name for name in writable(pipeline.__call__) if name not in _FROM_INPUTS]
    if cell.refiner:
        # the second call takes them
        accepted += SCORES
    if cell.pipeline is not None:
        accepted += cell.pipeline.arguments
    for name, value in cell.call.items():
        if name not in accepted:
            call = f"{pipeline.__name__}'s call"
            allowed = f"an argument of {call} that takes numbers or text: {', '.join(accepted)}"
            raise InvalidInput(f"call.{name}", value, allowed)
    if CLIP_SKIP in cell.call:
        check_clip_skip(cell.call[CLIP_SKIP], pipeline.__name__, identity.folder)


def _check_noise(cell: GenerationParams, identity: Identity) -> None:
    """Raise InvalidInput for what AUTOMATIC1111 does not draw from a text alone."""
    if cell.image is not None:
        allowed = "cpu beside an image; a1111-cuda is for pictures that are made from text alone"
        raise InvalidInput("noise", cell.noise, allowed)
    family = catalog.lookup(str(identity.folder)).family
    if family not in NOISE_FAMILIES:
        allowed = (
            f"cpu; a1111-cuda is for {', '.join(NOISE_FAMILIES)}, and {identity.name!r} is of "
            f"another family ({family})"
        )
        raise InvalidInput("noise", cell.noise, allowed)


def _check_kind_of_scheduler(cell: GenerationParams, identity: Identity) -> None:
    """Raise InvalidInput for a scheduler that the pipeline's call does not work with."""
    family = families.of(catalog.lookup(str(identity.folder)).pipeline or "")
    if family is None or not family.schedulers or cell.scheduler in (None, *family.schedulers):
        return
    allowed = f"{' or '.join(family.schedulers)}, the only one that a {family.title} draws with"
    raise InvalidInput("scheduler", cell.scheduler, allowed)


def _check_scheduler(cell: GenerationParams) -> None:
    import diffusers

    scheduler = getattr(diffusers, str(cell.scheduler), None)
    # diffusers has placeholders for classes that it cannot import
    required_packages = getattr(scheduler, "_backends", None)
    if required_packages:
        allowed = f"a scheduler that works here; this one {_install_hint(required_packages)}"
        raise InvalidInput("scheduler", cell.scheduler, allowed)
    if not isinstance(scheduler, type) or not issubclass(scheduler, diffusers.SchedulerMixin):
        allowed = f"a scheduler class of diffusers {diffusers.__version__}"
        raise InvalidInput("scheduler", cell.scheduler, allowed)
    accepted = writable(scheduler)
    for name, value in cell.scheduler_options.items():
        if name not in accepted:
            allowed = f"an option of {cell.scheduler}: {', '.join(accepted)}"
            raise InvalidInput(f"scheduler_options.{name}", value, allowed)


def _check_prediction(cell: GenerationParams) -> None:
    """Raise InvalidInput if the scheduler knows one prediction only."""
    import diffusers

    if "prediction_type" not in writable(getattr(diffusers, str(cell.scheduler))):
        allowed = f"nothing for {cell.scheduler}, which has one kind of prediction"
        raise InvalidInput("prediction", cell.prediction, allowed)


def _install_hint(packages: list[str]) -> str:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return f"needs `pip install {' '.join(missing or packages)}` first"


def check_clip_skip(value: object, pipeline: str, folder: Path) -> None:
    """Raise InvalidInput for more layers than the text encoders have.

    diffusers would fail with an index out of range.
    """
    most = _fewest_layers(folder)
    if pipeline.startswith(_SKIP_ONE_LAYER):
        most -= 1
    if value is not None:
        check_whole_number(f"call.{CLIP_SKIP}", value, 0, most, ": last layers of the text encoder")


def _fewest_layers(folder: Path) -> int:
    """The number of layers of the text encoder that has the fewest."""
    counts = []
    for part in ("text_encoder", "text_encoder_2"):
        config = folder / part / "config.json"
        layers = read_object(config).get("num_hidden_layers") if config.is_file() else None
        if isinstance(layers, int):
            counts.append(layers)
    return min(counts, default=_DEFAULT_LAYERS)


def writable(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments that can be given in an experiment file, sorted.

    They take numbers, text or lists. `self`, *args and **kwargs are left out.
    """
    parameters = inspect.signature(function).parameters.values()
    return sorted(parameter.name for parameter in parameters if _is_writable(parameter))


def _is_writable(parameter: inspect.Parameter) -> bool:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return False
    if parameter.name == "self" or any(word in parameter.name for word in _RESERVED):
        return False
    types = str(parameter.annotation).split(" | ")
    return any(not _is_object(name) for name in types if name != "None")


def _is_object(annotation: str) -> bool:
    return any(word in annotation for word in _OBJECTS)
