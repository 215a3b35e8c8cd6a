"""Gathers what is kept of a picture's steps: by probes, and by the user's own method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from .._util.checks import is_number
from ..errors import InvalidInput
from ..pictures import films
from ..pictures.traces import (
    LEVEL_NUMBERS,
    NAMES_LIMIT,
    NUMBERS_LIMIT,
    REASON_LIMIT,
    STEPS_LIMIT,
    Trace,
    finite,
)
from ..spec.probes import FILM, check_recorded
from .packing.cell import taken_off
from .probes import Film, NoValue, probe_of
from .recorded_value import numbers_in, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.loading import Model
    from ..models.predictions import Prediction

NO_STEPS = "no step of the cell's own scheduler was seen"


@dataclass
class _Kept:
    """Values by the number of their step, from 1. reason: why the last step had none."""

    values: dict[int, Any] = field(default_factory=dict)
    reason: str = ""


class StepTraces:
    """What is kept of one picture's steps.

    probes: their names. model: whole. aspect: the picture's width divided by its height.
    """

    def __init__(self, probes: Sequence[str], model: Model, aspect: float) -> None:
        self._probes = {name: probe_of(name, model, aspect) for name in probes}
        self._kept = {name: _Kept(reason=NO_STEPS) for name in probes}
        self._sigmas: list[float | None] = []
        self._timesteps: list[Any] = []
        self._numbers = 0

    def see(self, step: Prediction) -> None:
        """Take in a step of the scheduler."""
        if len(self._sigmas) >= STEPS_LIMIT:
            return
        self._sigmas.append(step.sigma)
        self._timesteps.append(step.timestep)
        for name, probe in self._probes.items():
            kept = self._kept[name]
            try:
                kept.values[len(self._sigmas)] = probe.see(step)
            except NoValue as reason:
                kept.reason = str(reason) or kept.reason

    def record(self, name: object, value: object, *, is_asked: bool) -> None:
        """Keep a value that a method has for the step under way; raises InvalidInput.

        is_asked: whether the model was asked since the last step, so that the next one is under way.
        """
        text = check_recorded(name)
        if text not in self._kept and len(self._kept) >= NAMES_LIMIT:
            raise InvalidInput(
                "the name of a record", text, f"at most {NAMES_LIMIT} names per cell"
            )
        numbers = recorded(text, value)
        self._numbers += numbers_in(numbers) + LEVEL_NUMBERS
        if self._numbers > NUMBERS_LIMIT:
            allowed = f"at most {NUMBERS_LIMIT:,} per cell, of all names and steps together"
            raise InvalidInput(f"the record {text}", "more numbers", allowed)
        kept = self._kept.setdefault(text, _Kept())
        kept.values[self._step_of(text, kept, is_asked)] = numbers

    def _step_of(self, name: str, kept: _Kept, is_asked: bool) -> int:
        """The step that a value belongs to: the one under way, or the next if that has one already."""
        done = len(self._sigmas)
        step = max(1, done + is_asked)
        if step in kept.values:
            step = max(kept.values) + 1
        if (done and step > done + 1) or step > STEPS_LIMIT:
            allowed = "one value per step and name; record a list, or use several names"
            raise InvalidInput(
                f"the record {name}", f"a second value of step {max(1, done)}", allowed
            )
        return step

    def traces(self) -> tuple[Trace, ...]:
        """What was kept so far."""
        timesteps = [_level(each) for each in self._timesteps]
        return tuple(self._trace(name, kept, timesteps) for name, kept in self._kept.items())

    def film(self) -> bytes:
        """The film of x0; empty without one."""
        probe = self._probes.get(FILM)
        if not isinstance(probe, Film) or not probe.frames:
            return b""
        return films.encode(probe.frames)

    def _trace(self, name: str, kept: _Kept, timesteps: list[float | None]) -> Trace:
        if not kept.values:
            return Trace(name, reason=kept.reason[:REASON_LIMIT])
        steps = sorted(kept.values)
        return Trace(
            name,
            steps=tuple(steps),
            sigmas=tuple(_at(self._sigmas, step) for step in steps),
            timesteps=tuple(_at(timesteps, step) for step in steps),
            values=tuple(finite(value) for value in _plain([kept.values[step] for step in steps])),
        )


def _at(levels: Sequence[float | None], step: int) -> float | None:
    """The level of a step; None if the scheduler made no such step."""
    return levels[step - 1] if step <= len(levels) else None


def _level(timestep: Any) -> float | None:
    """A timestep as a number; that of a batch is the same for all of its rows."""
    if isinstance(timestep, torch.Tensor):
        timestep = timestep.flatten()[0].item()
    number = finite(timestep)
    return number if is_number(number) else None


def _plain(values: list[Any]) -> list[Any]:
    """Values without tensors; those without dimensions come from their device together."""
    if all(isinstance(value, torch.Tensor) and not value.ndim for value in values):
        plain: list[Any] = _listed(torch.stack(values))
        return plain
    return [_listed(value) if isinstance(value, torch.Tensor) else value for value in values]


def _listed(values: torch.Tensor) -> Any:
    (host,) = taken_off(values)
    return host.tolist()
