"""Copies to a GPU and from it that the host does not wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from .memo import remember_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.cuda import Event, Stream

_OF_VALUES = (torch.tensor, torch.as_tensor)
_WITH_INDICES = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)


class WithoutWaiting(TorchFunctionMode):
    """Within it, copies to a GPU go through pinned memory and take their place in its queue.

    A pipeline's own copies wait until all that was queued is done: each cell draws its noise on the
    CPU, some schedulers do so at each step, and lists of numbers that choose places are copied too.
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
        if func in _WITH_INDICES and _is_gpu(args[0].device):
            args = (args[0], _moved_lists(args[1], args[0].device), *args[2:])
        return func(*args, **kwargs)


def _is_gpu(device: Any) -> bool:
    return device is not None and torch.device(device).type != "cpu"


def _moved_lists(indices: Any, device: torch.device) -> Any:
    """The indices of a tensor on a GPU, with lists of numbers moved to it."""
    if isinstance(indices, tuple):
        return tuple(_moved_lists(index, device) for index in indices)
    is_numbers = isinstance(indices, list) and all(type(index) is int for index in indices)
    # torch reads a list of other things as a tuple
    return to_device(torch.tensor(indices, dtype=torch.long), device) if is_numbers else indices


def to_device(
    values: torch.Tensor, device: torch.device, layout: torch.memory_format | None = None
) -> torch.Tensor:
    """Values of the CPU on a GPU, as soon as all that was queued before is done."""
    moved = values.pin_memory().to(device, non_blocking=True, memory_format=layout)
    remember_source(moved, values)
    return moved


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
