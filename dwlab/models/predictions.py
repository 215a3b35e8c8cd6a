"""The clean picture that a step predicts (x0), by the noise level at which the model was asked.

It is what the model says of the prompt, or a little further from what it says without the prompt.
All of a run's guidance goes too far for a picture in the first steps: its colours are garish.

How schedulers of diffusers parametrise noise:

timesteps: sample = sqrt(a) clean + sqrt(1 - a) noise, with a = alphas_cumprod[timestep] (Ho et al.,
    "Denoising Diffusion Probabilistic Models", equation 4).
exploding: sample = clean + sigma noise (Karras et al., "Elucidating the Design Space", table 1).
preserving: that of `timesteps`, by sigma = sqrt((1 - a) / a) of a step (Lu et al., "DPM-Solver++").
flow: sample = (1 - sigma) clean + sigma noise, and the model says noise - clean (Liu et al.,
    "Flow Straight and Fast").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch


ROUNDING = 0.02  # of the largest value, in half precision


@dataclass(frozen=True)
class NoiseLevel:
    """What a sample is mixed of: scale * sample = alpha * clean + sigma * noise."""

    alpha: float
    sigma: float
    scale: float = 1.0


@dataclass(frozen=True)
class Prediction:
    """A step that a scheduler made: what the model saw, and what it answered.

    sample: before the step, [B, ...]. output: the model's, with guidance. answers: what the model
    itself returned, some rows at a time. index: of the step in the
    schedule, if the scheduler counts. midpoint: whether it was the second call of a
    step that has two. midpoint_sigma: where the scheduler itself put that one.
    """

    scheduler: Any
    sample: torch.Tensor
    output: torch.Tensor
    timestep: Any
    answers: Sequence[torch.Tensor] = ()
    index: int = 0
    midpoint: bool = False
    midpoint_sigma: Any = None

    @property
    def sigma(self) -> float | None:
        """The noise level that the model saw, as its scheduler counts it; None if that is not known.

        The deviation of the noise added to a clean sample, or with flows the share of noise, 0 to 1.
        """
        scheduler = self.scheduler
        sigmas = getattr(scheduler, "sigmas", None)
        if sigmas is not None:
            return _sigma(self) if self.index < len(sigmas) else None
        if hasattr(scheduler, "alphas_cumprod"):
            alpha = float(scheduler.alphas_cumprod[int(self.timestep)])
            return math.sqrt((1 - alpha) / alpha)
        return None

    def clean(self, guidance: float | None = 1.0) -> torch.Tensor | None:
        """The predicted clean sample, float32 [B, ...]; None if the scheduler is not known.

        guidance: 1 for the answer to the prompt alone, more for one that lies further from the answer
        without it; at most the run's own, which None stands for.
        """
        # a scheduler of the user's own is known by what it is derived from
        names = [cls.__name__ for cls in type(self.scheduler).__mro__]
        kind = next((_KINDS[name] for name in names if name in _KINDS), None)
        if kind is None:
            return None
        sample = self.sample.float()
        output = self.without_variance(self.output)
        if output.shape != sample.shape:
            return None
        answer = None if guidance is None else self._with_guidance(guidance, output)
        return self._in_range(kind(self, sample, output if answer is None else answer))

    def without_variance(self, output: torch.Tensor) -> torch.Tensor:
        """An output without the channels in which some models say the variance."""
        return output.float()[:, : self.sample.shape[1]]

    def _with_guidance(self, guidance: float, guided: torch.Tensor) -> torch.Tensor | None:
        """The answer with another guidance, if `guided` = other + the run's * (prompt - other)."""
        import torch

        rows = [self.without_variance(answer) for answer in self.answers]
        if sum(map(len, rows)) != 2 * len(guided) or rows[0].shape[1:] != guided.shape[1:]:
            return None
        other, prompt = torch.cat(rows).chunk(2)
        # some pipelines turn the answer round before the step
        for sign in (1, -1):
            for start, end in ((sign * other, sign * prompt), (sign * prompt, sign * other)):
                of_run = _guidance(start, end, guided)
                if of_run > 1:
                    return start + min(guidance, of_run) * (end - start)
        return None

    def _in_range(self, clean: torch.Tensor) -> torch.Tensor:
        """As the scheduler itself limits it, if it does, as for models that work on pixels."""
        config = self.scheduler.config
        if config.get("thresholding"):
            # it has no public name
            limited: torch.Tensor = self.scheduler._threshold_sample(clean)  # noqa: SLF001
            return limited
        if config.get("clip_sample"):
            limit = config.get("clip_sample_range", 1.0)
            return clean.clamp(-limit, limit)
        return clean


def _guidance(other: torch.Tensor, prompt: torch.Tensor, guided: torch.Tensor) -> float:
    """The guidance that makes `guided` of two answers; 0 if none does."""
    way = prompt - other
    length = float(way.square().sum())
    guidance = float((way * (guided - other)).sum()) / length if length else 0.0
    rest = (guided - other - guidance * way).abs().max()
    return guidance if rest <= ROUNDING * guided.abs().max() else 0.0


def _by_timestep(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    alpha = float(step.scheduler.alphas_cumprod[int(step.timestep)])
    return _unmixed(step, sample, output, NoiseLevel(math.sqrt(alpha), math.sqrt(1 - alpha)))


def _by_ratio(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Of Würstchen, whose timesteps run from 1 to 0 on a cosine.

    Nichol and Dhariwal, "Improved Denoising Diffusion Probabilistic Models", equation 17.
    """
    offset = float(step.scheduler.config.s)
    ratio = float(step.timestep.flatten()[0])
    scaler = float(step.scheduler.config.scaler)
    if scaler > 1:
        ratio = 1 - (1 - ratio) ** scaler
    elif scaler < 1:
        ratio = ratio**scaler
    first = math.cos(offset / (1 + offset) * math.pi / 2) ** 2
    alpha = math.cos((ratio + offset) / (1 + offset) * math.pi / 2) ** 2 / first
    alpha = min(max(alpha, 0.0001), 0.9999)
    return (sample - math.sqrt(1 - alpha) * output) / math.sqrt(alpha)


def _exploding(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    sigma = _sigma(step)
    scale = 1 / math.hypot(1, sigma)
    return _unmixed(step, sample, output, NoiseLevel(scale, sigma * scale, scale))


def _preserving(step: Prediction, sample: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    if step.scheduler.config.prediction_type == "flow_prediction":
        return _flow(step, sample, output)
    sigma = _sigma(step)
    if step.scheduler.config.get("use_flow_sigmas"):
        return _unmixed(step, sample, output, NoiseLevel(1 - sigma, sigma))
    alpha = 1 / math.hypot(1, sigma)
    return _unmixed(step, sample, output, NoiseLevel(alpha, sigma * alpha))


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
