"""A cell as the call of a stock pipeline, as a person would write it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ..models.call_parameters import call_parameters
from ..models.settings import decoder_of, denoiser_of
from ..spec import families
from ..spec.param_checks import CUDA_NOISE
from .starting_noise import cuda_noise

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..spec.params import GenerationParams


# lists in a call for several cells
PER_CELL = frozenset({"prompt", "negative_prompt", "generator"})


def step_callback(
    pipeline: Any, steps: int, on_step: Callable[[int, int, Any], None]
) -> dict[str, Any]:
    """The argument that makes a pipeline call `on_step(step, steps, latents)` after each step.

    It is empty for the few pipelines that cannot. Steps are counted from 0.
    """

    def on_step_end(
        pipe: Any, step: int, _timestep: object, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        on_step(step, pipe.num_timesteps, tensors["latents"])
        return tensors

    def callback(step: int, _timestep: object, latents: Any) -> None:
        on_step(step, steps, latents)

    arguments = call_parameters(pipeline)
    if "callback_on_step_end" in arguments:
        return {"callback_on_step_end": on_step_end}
    # older pipelines, such as PixArt's
    if "callback" in arguments:
        return {"callback": callback}
    return {}


@contextlib.contextmanager
def dtype_kept(pipeline: Any) -> Iterator[None]:
    """Put a decoder back into its dtype if stock moved it to float32 for a picture that failed."""
    decoder = decoder_of(pipeline)
    dtype = decoder.dtype if decoder is not None else None
    try:
        yield
    finally:
        if decoder is not None and decoder.dtype != dtype:
            decoder.to(dtype=dtype)


@contextlib.contextmanager
def attention_kept(pipeline: Any) -> Iterator[None]:
    """Put attention processors back that a PAG pipeline exchanged for a picture it did not finish."""
    if not hasattr(pipeline, "pag_attn_processors"):
        yield
        return
    denoiser = denoiser_of(pipeline)
    before = denoiser.attn_processors
    try:
        yield
    except BaseException:
        denoiser.set_attn_processor(before)
        raise


def stock_arguments(pipeline: Any, cells: Sequence[GenerationParams]) -> dict[str, Any]:
    """The arguments of one stock call, as a person would write them.

    cells: they differ in prompts and seed only. Arguments that the pipeline does not know are left
    out, and so is a negative prompt that the cells do not have: to some pipelines an empty text is
    not the same as none. Raises ValueError for cells with and without one, which no call takes
    together.
    """
    import torch

    shared = cells[0]
    known = call_parameters(pipeline)
    arguments = {
        "prompt": [params.prompt for params in cells],
        "num_inference_steps": shared.steps,
        **_guidance(pipeline, shared),
        "height": shared.height,
        "width": shared.width,
        # FLUX.1 Kontext makes any size as large as this
        "max_area": shared.pixels,
        "generator": [torch.Generator("cpu").manual_seed(params.seed) for params in cells],
        "output_type": "np",
        **_in_types_of(known, shared.call),
    }
    negatives = [params.negative for params in cells]
    if None not in negatives:
        arguments["negative_prompt"] = negatives
    elif any(negative is not None for negative in negatives):
        raise ValueError("cells with and without a negative prompt need calls of their own")
    if shared.noise == CUDA_NOISE:
        arguments["latents"] = cuda_noise(pipeline, cells)
    if len(cells) == 1:
        arguments |= {name: value[0] for name, value in arguments.items() if name in PER_CELL}
    return {name: value for name, value in arguments.items() if name in known}


def _guidance(pipeline: Any, params: GenerationParams) -> dict[str, float | None]:
    """The argument that is guidance to this pipeline, if there is one."""
    config = getattr(denoiser_of(pipeline), "config", {})
    pipeline_class = type(pipeline).__name__
    name = families.guidance_argument(pipeline_class, config)
    family = families.of(pipeline_class)
    schedule = family.guidance_schedule if family else None
    if name is None or (schedule and schedule in params.call):
        return {}
    # a call takes one of the two, and has a schedule by default
    return {name: params.guidance, **({schedule: None} if schedule else {})}


def _in_types_of(known: Mapping[str, inspect.Parameter], call: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a call with lists as tuples where its signature says so, which JSON cannot."""
    arguments = dict(call)
    for name, value in call.items():
        takes_tuple = name in known and "tuple" in str(known[name].annotation).lower()
        takes_list = name in known and "list" in str(known[name].annotation).lower()
        if isinstance(value, list) and takes_tuple and not takes_list:
            arguments[name] = tuple(value)
    return arguments


def to_image(pipeline: Any, output: Any) -> Any:
    """The RGB picture as the stock pipeline makes it; values that are not numbers become black.

    output: [height, width, 3], values from 0 to 1, or a picture that stock put together itself.
    """
    import numpy as np

    if not isinstance(output, np.ndarray):
        return output.convert("RGB")
    # pipelines that work on pixels have no image processor
    converter = getattr(pipeline, "image_processor", None) or pipeline
    (image,) = converter.numpy_to_pil(np.nan_to_num(output[None]))
    return image
