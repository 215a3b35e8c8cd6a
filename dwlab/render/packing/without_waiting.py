"""Copies to a GPU and from it that the host does not wait for."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from . import known_values, reading
from .reading import to_device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from torch.cuda import Event, Stream

    from .calls import Call

_OF_VALUES = (torch.tensor, torch.as_tensor)
# Models that copy positions to the GPU in a forward, or read the lengths of prompts.
_WAITING_MODELS = frozenset(
    {
        "ChromaTransformer2DModel",
        "CogView4Transformer2DModel",
        "Lumina2Transformer2DModel",
        "QwenImageControlNetModel",
        "QwenImageTransformer2DModel",
        "ZImageTransformer2DModel",
    }
)


class WithoutWaiting(TorchFunctionMode):
    """Within it, copies to a GPU go through pinned memory and take their place in its queue.

    A pipeline's own copies wait until all that was queued is done: each cell draws its noise on the
    CPU, some schedulers do so at each step, and lists of numbers that choose places are copied too.
    What a pipeline reads is answered on the CPU if it is known there.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.Tensor.to and args[0].device.type == "cpu":
            # as the modules of torch read these arguments
            device, dtype, _, layout = torch._C._nn._parse_to(*args[1:], **kwargs)  # noqa: SLF001
            if _is_gpu(device):
                # converted first, as a copy that waits does
                values = args[0] if dtype is None else args[0].to(dtype)
                return to_device(values, device, layout)
        if func in _OF_VALUES and _is_gpu(kwargs.get("device")):
            values = func(*args, **{**kwargs, "device": "cpu"})
            return to_device(values, torch.device(kwargs["device"]))
        name = getattr(func, "__name__", "")
        answer = reading.answer(name, func, args, kwargs)
        if answer is not None:
            return answer
        args = reading.without_reading(name, args)
        result = func(*args, **kwargs)
        known_values.note(name, func, args, kwargs, result)
        return result


def forward_context(call: Call) -> AbstractContextManager[Any]:
    """What a model computes in so that nothing waits; most models need nothing."""
    waits = type(call.module).__name__ in _WAITING_MODELS and call.device.type != "cpu"
    # torch.compile would trace what the mode does
    return WithoutWaiting() if waits and not call.compiled else contextlib.nullcontext()


def _is_gpu(device: Any) -> bool:
    return device is not None and torch.device(device).type != "cpu"


@dataclass(frozen=True)
class Copy:
    """Values on their way from a GPU: they are in `hosts` once `event` has happened."""

    hosts: tuple[torch.Tensor, ...]
    event: Event

    @property
    def is_done(self) -> bool:
        """Whether the values are there."""
        return self.event.query()

    def wait(self) -> None:
        """Wait until the values are there."""
        self.event.synchronize()


class WayOut:
    """A stream of a GPU that takes values off it, beside what is computed."""

    def __init__(self) -> None:
        self._stream: Stream | None = None

    def begin(self, values: Sequence[torch.Tensor]) -> Copy:
        """Begin to copy values of one device to the CPU."""
        device = values[0].device
        if self._stream is None:
            self._stream = torch.cuda.Stream(device)
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            hosts = tuple(_host_of(each, self._stream) for each in values)
            event = torch.cuda.Event()
            event.record(self._stream)
        return Copy(hosts, event)


def _host_of(values: torch.Tensor, stream: Stream) -> torch.Tensor:
    """A copy of values in pinned memory, which is complete a little later."""
    host = torch.empty_like(values, device="cpu", pin_memory=True)
    host.copy_(values, non_blocking=True)
    # until then, their memory is not to be used for something else
    values.record_stream(stream)
    return host
