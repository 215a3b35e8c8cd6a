"""What previews cost: the processor time of a step with and without them, by turns."""

from __future__ import annotations

import contextlib
import functools
import io
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Step
from ..runs.generation import stream
from ..runs.preview_rate import PreviewRate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..models import loading
    from ..spec.params import GenerationParams

COLUMNS = ("pictures together", "ms a step without", "ms a step with", "time of previews", "range")


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a picture's step, of all threads. of_previews: part of with_previews."""

    without: float
    with_previews: float
    of_previews: float

    @property
    def share(self) -> float:
        """Of the time that goes into previews, 0 to 1."""
        return self.of_previews / self.with_previews


def cost_row(
    model: loading.Model, recipes: Sequence[GenerationParams], rounds: int
) -> tuple[str, ...]:
    """The medians over rounds; the difference of the two times varies more than the share."""
    measured = list(costs(model, recipes, rounds))
    without = statistics.median(cost.without for cost in measured)
    with_previews = statistics.median(cost.with_previews for cost in measured)
    shares = sorted(cost.share for cost in measured)
    return (
        str(len(recipes)),
        f"{1000 * without:.1f}",
        f"{1000 * with_previews:.1f}",
        f"{statistics.median(shares):.1%}",
        f"{shares[0]:.1%} to {shares[-1]:.1%}",
    )


def costs(model: loading.Model, recipes: Sequence[GenerationParams], rounds: int) -> Iterator[Cost]:
    """Make the same pictures without and with previews, by turns; one cost per round.

    Processor time and turns keep the other work of a busy machine out of it.
    """
    steps = sum(recipe.steps for recipe in recipes)
    # loads the decoder
    _seconds_of_previews(model, recipes, PreviewRate())
    for _ in range(rounds):
        with _processor_time() as without:
            _seconds_of_previews(model, recipes, None)
        with _processor_time() as with_previews:
            of_previews = _seconds_of_previews(model, recipes, PreviewRate())
        yield Cost(without[0] / steps, with_previews[0] / steps, of_previews / steps)


@contextlib.contextmanager
def _processor_time() -> Iterator[list[float]]:
    """A list that holds the seconds of the block after it."""
    seconds: list[float] = []
    began = time.process_time()
    yield seconds
    seconds.append(time.process_time() - began)


def _seconds_of_previews(
    model: loading.Model, recipes: Sequence[GenerationParams], rate: PreviewRate | None
) -> float:
    """Make pictures, with previews as a page shows them if there is a rate; the time of these."""
    seconds = 0.0
    for event in stream(recipes, model=model, pack=len(recipes)):
        if rate is not None and isinstance(event, Step):
            began = time.process_time()
            rate.make(event.index, functools.partial(_png, event))
            seconds += time.process_time() - began
    return seconds


def _png(event: Step) -> bytes:
    buffer = io.BytesIO()
    preview = event.preview() if event.preview else None
    if preview is not None:
        preview.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
