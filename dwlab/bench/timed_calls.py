"""The calls that a benchmark times: the stock pipeline's own, as the renderer makes them."""

from __future__ import annotations

import copy
import hashlib
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..models import device as devices
from ..models import loading
from ..models.settings import decoder_of, denoiser_of
from ..render.call import stock_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..spec.params import GenerationParams
    from .spec import Configuration

SEED_STEP = 1000  # between the seeds of one call and the next, so that no two calls share a picture


def call(model: loading.Model, configuration: Configuration, k: int, **more: Any) -> np.ndarray:
    """Make the k-th batch of pictures, with scheduler and generators made anew: [batch, height, width, 3], 0..1.

    The starting latents are drawn on the CPU from each picture's seed, so they are the same on every device.
    """
    first = configuration.params.seed + k * SEED_STEP
    cells = [configuration.params.replace(seed=first + n) for n in range(configuration.batch)]
    return stock(model, cells, **more)


def stock(model: loading.Model, cells: Sequence[GenerationParams], **more: Any) -> np.ndarray:
    """One stock call for cells that differ in prompts and seed alone: [cells, height, width, 3], 0..1."""
    pipeline = copy.copy(model.pipeline)
    pipeline.scheduler = loading.scheduler_for(model, cells[0])
    with torch.inference_mode():
        return pipeline(**stock_arguments(pipeline, cells), **more).images


@dataclass
class Probe:
    """One call looked at from inside: seconds of its phases, what its denoiser was given and gave first, its pictures.

    denoised: first output of the denoiser for the first sample. inputs: arguments of each module's first call, and how
    often it was called.
    """

    prompt_s: float = 0.0
    steps_s: list[float] = field(default_factory=list)
    decode_s: float = 0.0
    pictures: np.ndarray = field(default_factory=lambda: np.empty(0))
    denoised: np.ndarray = field(default_factory=lambda: np.empty(0))
    inputs: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


class _Enough(Exception):
    """Raised inside a step to leave the call early; it is no error."""


def probe(
    model: loading.Model, configuration: Configuration, k: int, *, one_step: bool = False
) -> Probe:
    """Make the k-th batch, waiting for the device at each phase's end; `one_step` leaves after the first step.

    Phases: the prompt (up to the denoiser's first call), each step, and the decoder with the copy to the CPU.
    """
    watch = _Watch(configuration.device, one_step)
    denoiser = denoiser_of(model.pipeline)
    decoder = getattr(decoder_of(model.pipeline), "decoder", None)
    watched = {
        "denoiser": denoiser,
        **({"decoder": decoder} if decoder else {}),
        **text_encoders(model.pipeline),
    }
    hooks = [
        part.register_forward_pre_hook(watch.before(name), with_kwargs=True)
        for name, part in watched.items()
    ]
    hooks.append(denoiser.register_forward_hook(watch.after_denoiser))
    watch.stamp()
    try:
        watch.found.pictures = call(model, configuration, k, callback_on_step_end=watch.on_step_end)
    except _Enough:
        return watch.found
    finally:
        for hook in hooks:
            hook.remove()
    watch.stamp()
    prompt, *steps, decode = (end - begin for begin, end in itertools.pairwise(watch.stamps))
    watch.found.prompt_s, watch.found.steps_s, watch.found.decode_s = prompt, steps, decode
    return watch.found


class _Watch:
    """What the hooks of one call write down."""

    def __init__(self, device: str, one_step: bool) -> None:
        self.found, self.stamps = Probe(), list[float]()
        self._device, self._one_step = device, one_step

    def stamp(self) -> None:
        devices.synchronize(self._device)
        self.stamps.append(time.perf_counter())

    def before(self, name: str) -> Callable[..., None]:
        def note(_module: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if name == "denoiser" and name not in self.found.calls:
                self.stamp()
            self.found.calls[name] = self.found.calls.get(name, 0) + 1
            self.found.inputs.setdefault(name, (args, kwargs))

        return note

    def after_denoiser(self, _module: object, _args: object, output: Any) -> None:
        if not self.found.denoised.size:
            first = output[0] if isinstance(output, tuple) else output.sample
            self.found.denoised = first[:1].float().cpu().numpy()

    def on_step_end(
        self, _pipe: object, _step: int, _timestep: object, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        self.stamp()
        if self._one_step:
            raise _Enough
        return kwargs


def text_encoders(pipeline: Any) -> dict[str, Any]:
    """The text encoders of a pipeline, by name."""
    return {
        name: part
        for name, part in pipeline.components.items()
        if name.startswith("text_encoder") and isinstance(part, torch.nn.Module)
    }


def latents_hash(configuration: Configuration, found: Probe) -> str:
    """A name for the first sample's starting noise, from its seed and the shape that the denoiser was given."""
    given, named = found.inputs["denoiser"]
    shape = next(
        value for value in (*given, *named.values()) if isinstance(value, torch.Tensor)
    ).shape[1:]
    generator = torch.Generator("cpu").manual_seed(configuration.params.seed)
    noise = torch.randn((1, *shape), generator=generator)
    return hashlib.sha256(noise.numpy().tobytes()).hexdigest()[:16]


def tera_operations(model: loading.Model, found: Probe) -> float | None:
    """Floating-point operations of a whole call in 10^12, 2 a multiply-add; None where they cannot be counted."""
    counted = operations(model, found)
    return (
        sum(found.calls[name] * count for name, count in counted.items()) / 1e12
        if counted
        else None
    )


def operations(model: loading.Model, found: Probe) -> dict[str, int]:
    """Floating-point operations of one call of denoiser, decoder and text encoders each; empty where they cannot be counted.

    Counted on modules without memory, with arguments of the shapes that are in `found`.
    """
    from torch.utils._pytree import tree_map_only
    from torch.utils.flop_counter import FlopCounterMode

    counted = {}
    try:
        with torch.device("meta"):
            empty = _without_memory(model.pipeline)
            for name, given in found.inputs.items():
                args, kwargs = tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), given)
                with FlopCounterMode(display=False) as counter, torch.no_grad():
                    empty[name](*args, **kwargs)
                counted[name] = counter.get_total_flops()
    except Exception:  # noqa: BLE001  # a module that cannot do without memory; the row says so
        return {}
    return counted


def _without_memory(pipeline: Any) -> dict[str, Any]:
    denoiser, vae = denoiser_of(pipeline), decoder_of(pipeline)
    made = {
        "denoiser": type(denoiser).from_config(denoiser.config),
        "decoder": type(vae).from_config(vae.config).decoder,
    }
    made |= {name: type(part)(part.config) for name, part in text_encoders(pipeline).items()}
    return {name: part.to(denoiser.dtype) for name, part in made.items()}
