"""One call looked at from inside: how long its phases take, and what the denoiser computes."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..models import device as devices
from ..models.settings import decoder_of, denoiser_of
from . import timed_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.nn import Module

    from ..models.loading import Model
    from .configuration import Configuration

    # positional and keyword arguments of a module's call
    CallArguments = tuple[tuple[object, ...], dict[str, object]]


@dataclass
class Probe:
    """Seconds of each phase of a call, and what went through its modules.

    pictures: [batch, height, width, 3], 0..1; empty if the call was left early. denoised: first
    output of the denoiser for the first sample. inputs: arguments of the first call of each module.
    calls: how often each module was called.
    """

    prompt_s: float = 0.0
    steps_s: list[float] = field(default_factory=list)
    decode_s: float = 0.0
    pictures: np.ndarray = field(default_factory=lambda: np.empty(0))
    denoised: np.ndarray = field(default_factory=lambda: np.empty(0))
    inputs: dict[str, CallArguments] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


class _OneStepDone(Exception):
    """Raised after the first step to leave the call early; not an error."""


def probe(model: Model, configuration: Configuration, k: int, *, one_step: bool = False) -> Probe:
    """Make the k-th batch and wait for the device at the end of each phase.

    The phases are the prompt (up to the first call of the denoiser), each step, and the decoder
    with the copy to the CPU. one_step: leave the call after its first step.
    """
    recorder = _CallRecorder(configuration.device, one_step=one_step)
    hooks = recorder.register_hooks(model.pipeline)
    recorder.stamp()
    try:
        pictures = timed_calls.call(
            model, configuration, k, callback_on_step_end=recorder.on_step_end
        )
    except _OneStepDone:
        return recorder.probe
    finally:
        for hook in hooks:
            hook.remove()
    recorder.stamp()
    recorder.probe.pictures = pictures
    recorder.set_phases()
    return recorder.probe


class _CallRecorder:
    """The hooks of one call, and what they write down."""

    def __init__(self, device: str, *, one_step: bool) -> None:
        self.probe = Probe()
        self._stamps: list[float] = []
        self._device = device
        self._one_step = one_step

    def register_hooks(self, pipeline: Any) -> list[torch.utils.hooks.RemovableHandle]:
        """Watch all modules of a pipeline that compute; returns the handles that end this."""
        denoiser = denoiser_of(pipeline)
        decoder = getattr(decoder_of(pipeline), "decoder", None)
        modules = {"denoiser": denoiser, "decoder": decoder, **text_encoders(pipeline)}
        hooks = [
            module.register_forward_pre_hook(self._before(name), with_kwargs=True)
            for name, module in modules.items()
            if module
        ]
        hooks.append(denoiser.register_forward_hook(self._after_denoiser))
        return hooks

    def stamp(self) -> None:
        """Wait for the device, then note the time."""
        devices.synchronize(self._device)
        self._stamps.append(time.perf_counter())

    def set_phases(self) -> None:
        """Turn the times that were noted into the seconds of each phase."""
        seconds = [end - begin for begin, end in itertools.pairwise(self._stamps)]
        self.probe.prompt_s = seconds[0]
        self.probe.steps_s = seconds[1:-1]
        self.probe.decode_s = seconds[-1]

    def _before(self, name: str) -> Callable[..., None]:
        def note(_module: Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
            if name == "denoiser" and name not in self.probe.calls:
                self.stamp()
            self.probe.calls[name] = self.probe.calls.get(name, 0) + 1
            self.probe.inputs.setdefault(name, (args, kwargs))

        return note

    def _after_denoiser(self, _module: Module, _args: object, output: Any) -> None:
        if not self.probe.denoised.size:
            batch = output[0] if isinstance(output, tuple) else output.sample
            self.probe.denoised = batch[:1].float().cpu().numpy()

    def on_step_end(
        self, _pipeline: object, _step: int, _timestep: object, kwargs: dict[str, object]
    ) -> dict[str, object]:
        """What the pipeline calls after each step."""
        self.stamp()
        if self._one_step:
            raise _OneStepDone
        return kwargs


def text_encoders(pipeline: Any) -> dict[str, Module]:
    """The text encoders of a pipeline, by name."""
    return {
        name: part
        for name, part in pipeline.components.items()
        if name.startswith("text_encoder") and isinstance(part, torch.nn.Module)
    }
