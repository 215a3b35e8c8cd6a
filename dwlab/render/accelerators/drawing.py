"""A cell's own pipeline while it draws with accelerators: its denoiser, and the step that it is in."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...models.parts import modules_of
from ...models.settings import denoiser_of
from ...spec.accelerators import Step
from ..packing.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...models.watched_steps import LastStep
    from ...spec.params import GenerationParams

    Ask = Callable[..., Any]


@dataclass(frozen=True)
class Drawing:
    """A picture under way.

    pipeline: a copy for this cell alone, whose parts are shared. last_step: knows how many steps of
    the scheduler were made.
    """

    pipeline: Any
    params: GenerationParams
    last_step: LastStep

    @property
    def step(self) -> Step:
        """The step that the pipeline asks its denoiser for.

        Schedulers of second order ask for two answers per step; both are of the same step. With a
        start picture, the steps left out count for the position.
        """
        scheduler = self.pipeline.scheduler
        calls_per_step = getattr(scheduler, "order", 1)
        total = len(scheduler.timesteps)
        left_out = total - getattr(self.pipeline, "num_timesteps", total)
        number = self.last_step.count // calls_per_step
        of_schedule = (left_out + self.last_step.count) // calls_per_step
        return Step(number, of_schedule / math.ceil(total / calls_per_step))

    @property
    def denoiser(self) -> Any:
        """The denoiser, or what stands in for it so far."""
        return denoiser_of(self.pipeline)

    @property
    def merging(self) -> float:
        """The share of tokens that attention merges."""
        share = self.params.accelerate.get("token_merging", 0.0)
        return share if isinstance(share, float) else 0.0

    def computing(self, function: Ask) -> Ask:
        """How `function(denoiser, ...)` is asked for: with the calls of other cells, if these wait for company."""
        denoiser = self.denoiser
        if hasattr(denoiser, "waiting_for"):
            ask: Ask = denoiser.waiting_for(function)
            return ask

        def compute(*arguments: Any, **named: Any) -> Any:
            answer = function(denoiser, *arguments, **named)
            self.last_step.hear(answer)
            return answer

        return compute

    @contextlib.contextmanager
    def asking(self, ask: Ask) -> Iterator[None]:
        """Let the pipeline call `ask`, with the denoiser's arguments, instead of its denoiser."""
        before = self.denoiser
        name = next(name for name, part in modules_of(self.pipeline).items() if part is before)
        vars(self.pipeline)[name] = stand_in(before, "__call__", ask)
        try:
            yield
        finally:
            vars(self.pipeline)[name] = before
