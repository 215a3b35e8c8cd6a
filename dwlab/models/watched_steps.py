"""The steps of a scheduler, noted while it makes them."""

from __future__ import annotations

import contextlib
import functools
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .predictions import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

# what every scheduler's step takes, in this order
STEP_ARGUMENTS = ("model_output", "timestep", "sample")


@dataclass
class LastStep:
    """Holds the last step of a scheduler. prediction: None before the first one.

    count: of the steps so far. answers: what the model has returned since then.
    """

    prediction: Prediction | None = None
    count: int = 0
    answers: list[torch.Tensor] = field(default_factory=list)

    def hear(self, *arguments: Any) -> None:
        """Take in what the model returned, the last of a hook's arguments."""
        output = arguments[-1]
        output = getattr(output, "sample", output)
        answer = output if hasattr(output, "shape") else output[0]
        if hasattr(answer, "shape"):
            self.answers.append(answer)


@contextlib.contextmanager
def watched(
    scheduler: Any, on_step: Callable[[Prediction], None] | None = None
) -> Iterator[LastStep]:
    """Take note of a scheduler's steps, which it makes as ever. on_step: told of each of them.

    It keeps references only, so that a step takes no longer, and nothing waits for a GPU.
    """
    last = LastStep()
    step: Callable[..., Any] = scheduler.step
    signature = inspect.signature(step)

    @functools.wraps(step)
    def watched_step(*args: Any, **kwargs: Any) -> Any:
        # a scheduler of the user's own may call them *args and **kwargs
        in_order = dict(zip(STEP_ARGUMENTS, args, strict=False))
        arguments = in_order | kwargs | signature.bind(*args, **kwargs).arguments
        midpoint = not getattr(scheduler, "state_in_first_order", True)
        midpoint_sigma = getattr(scheduler, "mid_point_sigma", None)
        result = step(*args, **kwargs)
        index = getattr(scheduler, "step_index", None)
        last.prediction = Prediction(
            scheduler,
            sample=arguments["sample"],
            output=arguments["model_output"],
            timestep=arguments["timestep"],
            answers=tuple(last.answers),
            index=index - 1 if index else 0,
            midpoint=midpoint,
            midpoint_sigma=midpoint_sigma,
        )
        last.count += 1
        last.answers.clear()
        if on_step:
            on_step(last.prediction)
        return result

    scheduler.step = watched_step
    try:
        yield last
    finally:
        # unless another one was put in its place
        if vars(scheduler).get("step") is watched_step:
            del scheduler.step
