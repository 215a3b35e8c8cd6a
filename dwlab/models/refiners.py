"""Refiners as a second stage: whether two models fit together, and how many steps each does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError, NotDownloaded, first_line
from ..spec import catalog, tasks
from .identity import complete, identify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..events import Download
    from ..spec.model_choice import ModelChoice
    from ..spec.params import GenerationParams
    from ..spec.where import WorkerDevice
    from .identity import Identity

_BASE = "StableDiffusionXLPipeline"
# a refiner is of the second class; a base model may be the second stage too
_SECOND = (_BASE, "StableDiffusionXLImg2ImgPipeline")
# arguments of a call for a refiner alone
SCORES = ("aesthetic_score", "negative_aesthetic_score")
# these say by themselves which steps run
_STAGES = ("denoising_start", "denoising_end")


def identify_beside(
    first: Identity,
    choice: ModelChoice,
    *,
    download: bool,
    on_download: Callable[[Download], None] | None = None,
    elsewhere: WorkerDevice | None = None,
) -> Identity:
    """A refiner in the settings of a first model; see `identify`, whose errors name its fields."""
    try:
        return identify(
            choice.model,
            first.device,
            first.dtype,
            variant=choice.variant,
            config=choice.config,
            parts=choice.parts,
            settings=first.settings,
            download=download,
            on_download=on_download,
            elsewhere=elsewhere,
        )
    except InvalidInput as error:
        # a VAE is that of the whole recipe
        field = f"refiner.{error.field}" if error.field in ("variant", "config") else error.field
        raise error.at(field) from None
    except NotDownloaded:
        raise
    except ModelError as error:
        text = str(error)
        # most begin with the name of the field already
        field = "refiner." if text.startswith("model ") else "refiner.model: "
        raise ModelError(f"{field}{text}") from error


def check(params: GenerationParams, identity: Identity, refiner: Identity) -> None:
    """Raise InvalidInput for a recipe whose two models do not make a picture together.

    Reads configs only.
    """
    field = "refiner"
    value = [each.as_dict() for each in params.refiner]
    base = catalog.lookup(str(identity.folder))
    second = catalog.lookup(str(refiner.folder))
    if base.pipeline != _BASE or catalog.lookup(identity.name).random:
        kind = f"model {params.model!r} ({base.pipeline or 'of no known class'})"
        raise InvalidInput(field, value, f"left out for {kind}; SDXL takes a refiner")
    if second.pipeline not in _SECOND or second.needs == tasks.INPAINTING:
        allowed = f"an SDXL refiner, or another SDXL model; this is a {second.pipeline}"
        raise InvalidInput(f"{field}.model", params.refiner[0].model, allowed)
    beside = _unfit(params)
    if beside:
        raise InvalidInput(field, value, f"left out beside {beside}")
    weights = params.refiner[0].weights
    if weights not in ("", refiner.weights):
        allowed = f"the model with the fingerprint {weights[:10]} (this is another)"
        raise InvalidInput(f"{field}.model", params.refiner[0].model, allowed)
    # a model's own files may say how many steps it does
    _check_steps(complete(params, identity), identity)


def _unfit(params: GenerationParams) -> str | None:
    """What a recipe has that stock's two calls do not take together; None if there is nothing."""
    if params.mask is not None:
        return "a mask"
    if params.control:
        return "control, because the calls of ControlNets do not end early"
    if params.embeds_prompts:
        return "prompt_weighting and long_prompt: chunk"
    stages = [name for name in _STAGES if name in params.call]
    return f"call.{stages[0]}" if stages else None


def _check_steps(params: GenerationParams, identity: Identity) -> None:
    """Raise InvalidInput unless both models have a step to do."""
    refiner = params.refiner[0]
    first, second = steps_of_stages(params, identity)
    if first < 1 or second < 1:
        idle = "first model" if first < 1 else "refiner"
        allowed = (
            f"another share, or more steps: of {params.steps} steps this leaves the {idle} none"
        )
        raise InvalidInput("refiner.from", refiner.start, allowed)


def steps_of_stages(params: GenerationParams, identity: Identity) -> tuple[int, int]:
    """How many steps the first model and the refiner do, by the timesteps of the scheduler."""
    import diffusers

    config = read_object(identity.folder / "scheduler" / "scheduler_config.json")
    name = params.scheduler or str(config.get("_class_name"))
    try:
        scheduler = getattr(diffusers, name).from_config(config, **params.scheduler_options)
        scheduler.set_timesteps(params.steps)
    # configs can hold anything
    except Exception as error:
        text = first_line(error)
        raise ModelError(f"scheduler {name} of {params.model!r} cannot be used: {text}") from error
    timesteps = scheduler.timesteps.tolist()
    second = steps_below(timesteps, scheduler.config, params.refiner[0].start)
    strength = params.strength
    if params.image is not None and strength is None:
        strength = tasks.STRENGTHS["StableDiffusionXLImg2ImgPipeline"]
    left_out = params.steps - tasks.steps_run(params.steps, strength)
    return len(timesteps) - second - left_out * scheduler.order, second


def steps_below(timesteps: list[float], config: Mapping[str, int], start: float) -> int:
    """How many timesteps are left to a refiner that begins at `start`, as diffusers counts them."""
    trained = config["num_train_timesteps"]
    cutoff = round(trained - start * trained)
    return len([timestep for timestep in timesteps if timestep < cutoff])
