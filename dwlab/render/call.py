"""A cell as the call of a stock pipeline, as a person would write it."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from ..models.settings import decoder_of, denoiser_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from ..spec.params import GenerationParams


PER_CELL = frozenset(
    {"prompt", "negative_prompt", "generator"}
)  # lists in a call for several cells


def told_of_steps(
    pipeline: Any, steps: int, tell: Callable[[int, int, Any], None]
) -> dict[str, Any]:
    """The argument that makes a pipeline tell (step, steps, latents) after each step; a few cannot."""
    known = inspect.signature(type(pipeline).__call__).parameters

    def on_step_end(
        pipe: Any, step: int, _timestep: object, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        tell(step, pipe.num_timesteps, kwargs["latents"])
        return kwargs

    def callback(
        step: int, _timestep: object, latents: Any
    ) -> None:  # of older pipelines, as PixArt's
        tell(step, steps, latents)

    if "callback_on_step_end" in known:
        return {"callback_on_step_end": on_step_end}
    return {"callback": callback} if "callback" in known else {}


@contextlib.contextmanager
def dtype_kept(pipeline: Any) -> Iterator[None]:
    """Put a decoder back into its dtype where stock moved it to float32 for a picture that then failed."""
    decoder = decoder_of(pipeline)
    dtype = decoder.dtype if decoder is not None else None
    try:
        yield
    finally:
        if decoder is not None and decoder.dtype != dtype:
            decoder.to(dtype=dtype)


@contextlib.contextmanager
def attention_kept(pipeline: Any) -> Iterator[None]:
    """Put the attention processors back that a PAG pipeline exchanged for a picture that then failed or was left."""
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
    """The arguments of one stock call for cells that differ in prompts and seed alone, as a person would write them.

    A family's unknown ones are left out, and so is a negative prompt that the cells do not have: some pipelines take an
    empty text for more than none. Raises ValueError for cells with and without one, which no call takes together.
    """
    import torch

    shared = cells[0]
    arguments = {
        "prompt": [params.prompt for params in cells],
        "num_inference_steps": shared.steps,
        "guidance_scale": shared.guidance,
        "height": shared.height,
        "width": shared.width,
        "generator": [torch.Generator("cpu").manual_seed(params.seed) for params in cells],
        "output_type": "np",
        **shared.call,
    }
    negatives = [params.negative for params in cells]
    if None not in negatives:
        arguments["negative_prompt"] = negatives
    elif any(negative is not None for negative in negatives):
        raise ValueError("cells with and without a negative prompt need calls of their own")
    if len(cells) == 1:
        arguments |= {name: value[0] for name, value in arguments.items() if name in PER_CELL}
    known = inspect.signature(type(pipeline).__call__).parameters
    return {name: value for name, value in arguments.items() if name in known}


def to_image(pipeline: Any, output: np.ndarray) -> Any:
    """The RGB picture as the stock pipeline makes it; values that are not numbers are black."""
    import numpy as np

    converter = (
        getattr(pipeline, "image_processor", None) or pipeline
    )  # those that work on pixels have none
    (image,) = converter.numpy_to_pil(np.nan_to_num(output[None]))
    return image
