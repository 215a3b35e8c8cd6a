"""What each probe keeps of a step. Numbers stay on their device until the picture is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch

from ..pictures import films
from ..spec.probes import FILM
from . import preview

if TYPE_CHECKING:
    from PIL import Image

    from ..models.loading import Model
    from ..models.predictions import Prediction

ANSWERS = 2  # to the prompt, and to the negative prompt
NO_GUIDANCE = "no guidance: the model is asked once per step"
NO_ANSWERS = "what this model answers has a form that dwlab does not know"
NO_DECODER = "this model has no decoder for previews"


class NoValue(Exception):
    """There is nothing to keep of a step; its text says why."""


class Probe(Protocol):
    """Keeps something of each step."""

    def see(self, step: Prediction) -> Any:
        """What is kept of a step; raises NoValue."""
        ...


class LatentNorm:
    """The L2 norm of the latents that a step begins with, as the scheduler has them."""

    def see(self, step: Prediction) -> torch.Tensor:
        """The norm as a tensor without dimensions."""
        return torch.linalg.vector_norm(step.sample, dtype=torch.float32)


class GuidanceNorm:
    """The L2 norm of the difference between the answers to the prompt and to the negative prompt."""

    def see(self, step: Prediction) -> torch.Tensor:
        """The norm as a tensor without dimensions; raises NoValue without two answers."""
        answers = step.answers
        rows = sum(map(len, answers))
        if not rows:
            raise NoValue(NO_ANSWERS)
        if rows == len(step.sample):
            raise NoValue(NO_GUIDANCE)
        if rows != ANSWERS * len(step.sample):
            raise NoValue(f"the model is asked {rows} times per step, not for two answers")
        first, second = answers[0].chunk(ANSWERS) if len(answers) == 1 else answers
        if first.shape != second.shape:
            raise NoValue(NO_ANSWERS)
        # a part of the answer may be its variance, or be about other pictures
        first = step.without_variance(first)
        second = step.without_variance(second)
        if first.shape[1:] != step.sample.shape[1:]:
            raise NoValue(NO_ANSWERS)
        return torch.linalg.vector_norm(second - first)


class Film:
    """The clean picture that each step predicts, drawn small. frames: the pictures so far.

    aspect: the picture's width divided by its height. steps: how many there are, of which
    FRAMES_LIMIT are kept, evenly spaced.
    """

    def __init__(self, model: Model, aspect: float) -> None:
        self._model = model
        self._aspect = aspect
        self._seen = 0
        self.frames: list[Image.Image] = []

    def see(self, step: Prediction) -> int:
        """The number of the step's frame, from 0; raises NoValue."""
        self._seen += 1
        if not self._is_kept(step.scheduler):
            raise NoValue
        clean = step.clean(None)
        if clean is None:
            name = type(step.scheduler).__name__
            raise NoValue(f"dwlab does not know how {name} mixes pictures and noise")
        frame = preview.picture(clean[0], self._model, self._aspect)
        if frame is None:
            raise NoValue(NO_DECODER)
        self.frames.append(frame)
        return len(self.frames) - 1

    def _is_kept(self, scheduler: Any) -> bool:
        total = len(scheduler.timesteps)
        if len(self.frames) >= films.FRAMES_LIMIT:
            return False
        if total <= films.FRAMES_LIMIT or self._seen in (1, total):
            return True
        # one place is for the last step
        places = films.FRAMES_LIMIT - 1
        is_next = self._seen * places // total > (self._seen - 1) * places // total
        return is_next and len(self.frames) < places


def probe_of(name: str, model: Model, aspect: float) -> Probe:
    """A probe for one picture. model: whole, with the parts that draw previews."""
    if name == FILM:
        return Film(model, aspect)
    return LatentNorm() if name == "latent_norm" else GuidanceNorm()
