"""Count the floating-point operations of a call; a multiply-add counts as 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..models.settings import decoder_of, denoiser_of
from .probe import text_encoders

if TYPE_CHECKING:
    from torch.nn import Module

    from ..models.loading import Model
    from .probe import CallArguments, Probe


def tera_operations(model: Model, probe: Probe) -> float | None:
    """Operations of the whole call that was probed, in 10^12; None if they cannot be counted."""
    counts = operations(model, probe)
    if not counts:
        return None
    return sum(probe.calls[name] * count for name, count in counts.items()) / 1e12


def operations(model: Model, probe: Probe) -> dict[str, int]:
    """Operations of one call of each module: denoiser, decoder, text encoders.

    They are counted on modules without memory, with arguments of the shapes that are in `probe`.
    Empty if they cannot be counted.
    """
    try:
        with torch.device("meta"):
            modules = _without_memory(model.pipeline)
            return {name: _count(modules[name], probe.inputs[name]) for name in probe.inputs}
    except Exception:  # noqa: BLE001  # some module cannot do without memory; the row says so
        return {}


def _count(module: Module, arguments: CallArguments) -> int:
    from torch.utils._pytree import tree_map_only
    from torch.utils.flop_counter import FlopCounterMode

    args, kwargs = tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), arguments)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*args, **kwargs)
    return int(counter.get_total_flops())


def _without_memory(pipeline: Any) -> dict[str, Module]:
    denoiser = denoiser_of(pipeline)
    vae = decoder_of(pipeline)
    modules = {
        "denoiser": type(denoiser).from_config(denoiser.config),
        "decoder": type(vae).from_config(vae.config).decoder,
    }
    for name, encoder in text_encoders(pipeline).items():
        modules[name] = type(encoder)(encoder.config)
    return {name: module.to(denoiser.dtype) for name, module in modules.items()}
