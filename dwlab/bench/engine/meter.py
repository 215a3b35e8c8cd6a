"""What a model's modules did while an engine drew: calls, rows, pictures, seconds."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...models import device as devices
from ...models.settings import decoder_of, denoiser_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch.nn import Module

    from ...models.loading import Model


@dataclass
class Meter:
    """Forwards and rows of the denoiser, decoded pictures, and seconds spent in any module.

    memory: the most that was in use, in bytes. On a GPU what was allocated; on a CPU that of the
    whole process, in which all engines take turns.
    """

    device: str
    forwards: int = 0
    rows: int = 0
    decoded: int = 0
    seconds: float = 0.0
    memory: int = 0
    began: float = 0.0

    def start(self, *_: object) -> None:
        """Begin to time a module; a forward pre-hook."""
        devices.synchronize(self.device)
        self.began = time.perf_counter()

    def stop(self) -> None:
        """Add the time since `start`."""
        devices.synchronize(self.device)
        self.seconds += time.perf_counter() - self.began


@contextlib.contextmanager
def metered(model: Model) -> Iterator[Meter]:
    """Count and time the forwards of a model's denoiser, decoder and text encoders."""
    meter = Meter(model.identity.device)
    denoiser = denoiser_of(model.pipeline)
    decoder = getattr(decoder_of(model.pipeline), "decoder", None)

    def note(
        module: Module, args: tuple[object, ...], kwargs: dict[str, object], _output: object
    ) -> None:
        meter.stop()
        rows = _rows(args, kwargs)
        if module is denoiser:
            meter.forwards += 1
            meter.rows += rows
        elif module is decoder:
            meter.decoded += rows

    with contextlib.ExitStack() as hooks:
        for module in filter(None, (denoiser, decoder, *_text_encoders(model))):
            hooks.callback(module.register_forward_pre_hook(meter.start).remove)
            hooks.callback(module.register_forward_hook(note, with_kwargs=True).remove)
        yield meter


def _text_encoders(model: Model) -> list[Module]:
    components = model.pipeline.components.items()
    return [part for name, part in components if part and name.startswith("text_encoder")]


def _rows(args: tuple[object, ...], kwargs: dict[str, object]) -> int:
    """The length of the first argument of a call, however it was passed."""
    first = next(iter((*args, *kwargs.values())))
    return len(first)  # type: ignore[arg-type]  # a tensor
