"""What a model's modules did while an engine drew: calls, rows, pictures, seconds."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ...models.device_clock import DeviceClock
from ...models.settings import decoder_of, denoiser_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch.nn import Module

    from ...models.device_clock import Mark
    from ...models.loading import Model


class Clock(Protocol):
    """What marks points in the work of a device, like `DeviceClock`."""

    def mark(self) -> Mark:
        """A point behind all work that was queued so far."""
        ...

    def seconds(self, begin: Mark, end: Mark) -> float:
        """The time between two marks."""
        ...


@dataclass
class Meter:
    """Forwards and rows of the denoiser, and seconds spent in any module.

    Nothing waits for the device while it works: it would keep an engine from handing over the next
    forward during this one, which is what a GPU's speed is made of.

    memory: the most that was in use, in bytes. On a GPU what was allocated; on a CPU that of the
    whole process, in which all engines take turns.
    """

    clock: Clock
    forwards: int = 0
    rows: int = 0
    memory: int = 0
    marks: list[tuple[Mark, Mark]] = field(default_factory=list)
    begun: list[Mark] = field(default_factory=list)

    def start(self, *_: object) -> None:
        """Begin to time a module; a forward pre-hook."""
        self.begun.append(self.clock.mark())

    def stop(self) -> None:
        """End the time that `start` began."""
        self.marks.append((self.begun.pop(), self.clock.mark()))

    @property
    def seconds(self) -> float:
        """Seconds that the device spent in modules; to be read when the engine has ended."""
        return sum(self.clock.seconds(begin, end) for begin, end in self.marks)


@contextlib.contextmanager
def metered(model: Model, clock: Clock | None = None) -> Iterator[Meter]:
    """Count and time the forwards of a model's denoiser, decoder and text encoders.

    clock: of the model's device, unless one is given.
    """
    meter = Meter(clock or DeviceClock(model.identity.device))
    denoiser = denoiser_of(model.pipeline)
    decoder = getattr(decoder_of(model.pipeline), "decoder", None)

    def note(
        module: Module, args: tuple[object, ...], kwargs: dict[str, object], _output: object
    ) -> None:
        meter.stop()
        if module is denoiser:
            meter.forwards += 1
            meter.rows += _rows(args, kwargs)

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
