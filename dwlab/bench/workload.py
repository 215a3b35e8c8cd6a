"""What was computed: all that must be the same for two measurements to be compared."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import torch

from ..models import loading
from ..models.identity import complete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.loading import Model
    from .configuration import Configuration
    from .files import Document
    from .probe import Probe


def workload(model: Model, configuration: Configuration, probe: Probe) -> Document:
    """The `workload` of a row, as plain values."""
    params = complete(configuration.params, model.identity)
    return {
        "model": configuration.model_name,
        "weights": model.identity.weights,
        "pipeline": type(model.pipeline).__name__,
        "parameters": _parameters(model),
        "prompt": params.prompt,
        "negative_prompt": params.negative_prompt,
        "width": params.width,
        "height": params.height,
        "steps": params.steps,
        "guidance": params.guidance,
        "scheduler": params.scheduler,
        "scheduler_config": _plain(loading.scheduler_for(model, params).config),
        "call": dict(params.call),
        "seed": params.seed,
        "batch": configuration.batch,
        "denoiser_calls": probe.calls["denoiser"],
        "latents": latents_hash(configuration, probe),
    }


def _parameters(model: Model) -> int:
    total = 0
    for part in model.pipeline.components.values():
        if hasattr(part, "parameters"):
            total += sum(tensor.numel() for tensor in part.parameters())
    return total


def _plain(config: Mapping[str, object]) -> Document:
    """A scheduler's configuration without the entries that say where and with what it was saved."""
    public = {name: value for name, value in sorted(config.items()) if not name.startswith("_")}
    return dict(json.loads(json.dumps(public, default=str)))


def latents_hash(configuration: Configuration, probe: Probe) -> str:
    """A name for the first sample's starting noise, by its seed and the shape of the latents."""
    args, kwargs = probe.inputs["denoiser"]
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
    generator = torch.Generator("cpu").manual_seed(configuration.params.seed)
    noise = torch.randn((1, *tensors[0].shape[1:]), generator=generator)
    return hashlib.sha256(noise.numpy().tobytes()).hexdigest()[:16]
