"""The clean picture that a step predicts (x0), by the noise level at which the model was asked.

How schedulers of diffusers parametrise noise:

timesteps: sample = sqrt(a) clean + sqrt(1 - a) noise, with a = alphas_cumprod[timestep] (Ho et al.,
    "Denoising Diffusion Probabilistic Models", equation 4).
exploding: sample = clean + sigma noise (Karras et al., "Elucidating the Design Space", table 1).
preserving: that of `timesteps`, by sigma = sqrt((1 - a) / a) of a step (Lu et al., "DPM-Solver++").
flow: sample = (1 - sigma) clean + sigma noise, and the model says noise - clean (Liu et al.,
    "Flow Straight and Fast").
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch


@dataclass(frozen=True)
class NoiseLevel:
    """What a sample is mixed of: scale * sample = alpha * clean + sigma * noise."""

    alpha: float
    sigma: float
    scale: float = 1.0


@dataclass(frozen=True)
class Prediction:
    """A step that a scheduler made: what the model saw, and what it answered.

    sample: before the step, [B, ...]. output: the model's, with guidance. index: of the step in the
    schedule; None if the scheduler does not count. midpoint: whether it was the second call of a
    step that has two. midpoint_sigma: where the scheduler itself put that one.
    """

    scheduler: Any
    sample: torch.Tensor
    output: torch.Tensor
    timestep: Any
    index: int | None = None
    midpoint: bool = False
    midpoint_sigma: Any = None

    def clean(self) -> torch.Tensor | None:
        """The predicted clean sample, float32 [B, ...]; None if the scheduler is not known."""
        kind = _KINDS.get(type(self.scheduler).__name__)
        if kind is None or self.index == -1:
            return None
        sample = self.sample.float()
        # the rest is the variance, of models that were trained to say it
        output = self.output.float()[:, : sample.shape[1]]
        if output.shape != sample.shape:
            return None
        return self._in_range(kind(self, sample, output))

    def _in_range(self, clean: torch.Tensor) -> torch.Tensor:
        """As the scheduler itself limits it, if it does, as for models that work on pixels."""
        config = self.scheduler.config
        if config.get("thresholding"):
            limited: torch.Tensor = self.scheduler._threshold_sample(clean)
            return limited
        if config.get("clip_sample"):
            limit = config.get("clip_sample_range", 1.0)
            return clean.clamp(-limit, limit)
        return clean


@dataclass
class LastStep:
    """Holds the last step of a scheduler. prediction: None before the first one."""

    prediction: Prediction | None = None


@contextlib.contextmanager
def watched(scheduler: Any) -> Iterator[LastStep]:
    """Take note of a scheduler's steps, which it makes as ever.

    It keeps references only, so that a step takes no longer, and nothing waits for a GPU.
    """
    last = LastStep()
    step: Callable[..., Any] = scheduler.step
    signature = inspect.signature(step)

    @functools.wraps(step)
    def watched_step(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs).arguments
        midpoint = not getattr(scheduler, "state_in_first_order", True)
        midpoint_sigma = getattr(scheduler, "mid_point_sigma", None)
        result = step(*args, **kwargs)
        index = getattr(scheduler, "step_index", None)
        last.prediction = Prediction(
            scheduler,
            sample=arguments["sample"],
            output=arguments["model_output"],
            timestep=arguments["timestep"],
            index=None if index is None else index - 1,
            midpoint=midpoint,
            midpoint_sigma=midpoint_sigma,
        )
        return result

    scheduler.step = watched_step
    try:
        yield last
    finally:
        del scheduler.step


def _by_timestep(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    alpha = float(step.scheduler.alphas_cumprod[int(step.timestep)])
    return _unmixed(step, sample, output, NoiseLevel(math.sqrt(alpha), math.sqrt(1 - alpha)))


def _by_ratio(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Of Würstchen, whose timesteps run from 1 to 0."""
    alpha = float(step.scheduler._alpha_cumprod(step.timestep.flatten()[:1], sample.device))
    return (sample - math.sqrt(1 - alpha) * output) / math.sqrt(alpha)


def _exploding(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    scale = 1 / math.sqrt(_sigma(step) ** 2 + 1)
    return _unmixed(step, sample, output, NoiseLevel(scale, _sigma(step) * scale, scale))


def _preserving(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    if step.scheduler.config.prediction_type == "flow_prediction":
        return _flow(step, sample, output)
    alpha, sigma = step.scheduler._sigma_to_alpha_sigma_t(step.scheduler.sigmas[step.index])
    return _unmixed(step, sample, output, NoiseLevel(float(alpha), float(sigma)))


def _flow(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    return sample - _sigma(step) * output


def _preconditioned(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    sigma = step.scheduler.sigmas[step.index].to(sample)
    clean: torch.Tensor = step.scheduler.precondition_outputs(sample, output, sigma)
    return clean


def _trigonometric(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Of SANA-Sprint (Chen et al., "SANA-Sprint", section 3.1), in the scale of its decoder."""
    angle = float(step.scheduler.timesteps[step.index])
    clean = math.cos(angle) * sample - math.sin(angle) * output
    return clean / float(step.scheduler.config.sigma_data)


def _sigma(step: Prediction) -> float:
    """The noise of the sample that the model saw."""
    scheduler = step.scheduler
    if not step.midpoint or type(scheduler).__name__ in _SECOND_CALL_AT_NEXT:
        return float(scheduler.sigmas[step.index])
    if step.midpoint_sigma is not None:
        return float(step.midpoint_sigma)
    assert step.index is not None
    behind = 1 if type(scheduler).__name__ == "KDPM2AncestralDiscreteScheduler" else 0
    return float(scheduler.sigmas_interpol[step.index - behind])


def _unmixed(
    step: Prediction, sample: torch.Tensor, output: torch.Tensor, level: NoiseLevel
) -> torch.Tensor:
    """The clean part of a sample, by what the model was trained to say of it."""
    scaled = level.scale * sample
    match step.scheduler.config.prediction_type:
        case "epsilon":
            return (scaled - level.sigma * output) / level.alpha
        case "v_prediction":
            return level.alpha * scaled - level.sigma * output
        case _:
            return output


# these ask the second time at the end of the step, where its own sigma is
_SECOND_CALL_AT_NEXT = frozenset({"HeunDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"})
_KINDS: dict[str, Callable[[Prediction, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "CogVideoXDDIMScheduler": _by_timestep,
    "CogVideoXDPMScheduler": _by_timestep,
    "DDIMParallelScheduler": _by_timestep,
    "DDIMScheduler": _by_timestep,
    "DDPMParallelScheduler": _by_timestep,
    "DDPMScheduler": _by_timestep,
    "LCMScheduler": _by_timestep,
    "PNDMScheduler": _by_timestep,
    "TCDScheduler": _by_timestep,
    "DDPMWuerstchenScheduler": _by_ratio,
    "DPMSolverSDEScheduler": _exploding,
    "EulerAncestralDiscreteScheduler": _exploding,
    "EulerDiscreteScheduler": _exploding,
    "HeunDiscreteScheduler": _exploding,
    "KDPM2AncestralDiscreteScheduler": _exploding,
    "KDPM2DiscreteScheduler": _exploding,
    "LMSDiscreteScheduler": _exploding,
    "DEISMultistepScheduler": _preserving,
    "DPMSolverMultistepScheduler": _preserving,
    "DPMSolverSinglestepScheduler": _preserving,
    "SASolverScheduler": _preserving,
    "UniPCMultistepScheduler": _preserving,
    "FlowMatchEulerDiscreteScheduler": _flow,
    "FlowMatchHeunDiscreteScheduler": _flow,
    "FlowMatchLCMScheduler": _flow,
    "EDMDPMSolverMultistepScheduler": _preconditioned,
    "EDMEulerScheduler": _preconditioned,
    "SCMScheduler": _trigonometric,
}
