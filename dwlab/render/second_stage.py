"""A picture in two stages, as two stock calls: a model begins it, and a refiner goes on with its latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..models.refiners import steps_below
from .call import stock_arguments
from .own_pipeline import own_pipeline

if TYPE_CHECKING:
    from ..spec.params import GenerationParams


class SecondStage:
    """The second of the two calls. scheduler: its own, of the recipe's class."""

    def __init__(self, pipeline: Any, scheduler: Any, params: GenerationParams) -> None:
        self._params = params
        (refiner,) = params.refiner
        self._start = refiner.start
        self.pipeline = own_pipeline(pipeline, scheduler)

    def first_arguments(self) -> dict[str, Any]:
        """What the first call takes besides its usual arguments."""
        return {"denoising_end": self._start, "output_type": "latent"}

    def arguments(self, first: dict[str, Any], latents: Any) -> dict[str, Any]:
        """The arguments of the second call. first: those of the first one.

        Both draw from one generator, as in a program that makes one for a picture.
        """
        arguments = stock_arguments(self.pipeline, [self._params])
        kept = {name: value for name, value in arguments.items() if name != "latents"}
        return {
            **kept,
            "image": latents,
            "denoising_start": self._start,
            "generator": first["generator"],
        }

    def steps_left(self, scheduler: Any) -> int:
        """How many steps it will do, by the timesteps of the first call's scheduler."""
        return steps_below(scheduler.timesteps.tolist(), scheduler.config, self._start)
