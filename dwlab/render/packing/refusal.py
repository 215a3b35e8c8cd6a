"""Why a pipeline's cells cannot be packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...models.parts import modules_of
from ...models.settings import denoiser_of
from ...spec import control_kinds, families, tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch

    from ...spec.family import Packed


# by their names in diffusers; they change the dtype of one layer's weights, whatever the rows
_HOOKS_OF_FLOAT8 = frozenset({"layerwise_casting", "peft_autocast_disable"})

# of adapters, which treat each row by itself
_OF_ADAPTERS = frozenset({"IPAdapterAttnProcessor2_0"})


def refusal(pipeline: Any, device: str) -> str | None:
    """Why the cells of a pipeline cannot be packed, or None if they can."""
    name = type(pipeline).__name__
    tried = families.packed(tasks.without_control(name))
    if tried is None or name in control_kinds.NEVER_PACKED:
        return families.never_packed(name)
    parts = modules_of(pipeline)
    return (
        _unknown_denoiser(denoiser_of(pipeline), tried)
        or _unknown_device(device)
        or _moved_parts(parts.values())
        or _hooks(parts.values())
        or _cache(denoiser_of(pipeline))
    )


def _unknown_denoiser(denoiser: torch.nn.Module, tried: Packed) -> str | None:
    """A reason if the denoiser's forward may be another than the one that was tried."""
    names = {tried.denoiser, *tried.processors, *_OF_ADAPTERS}
    modules: list[Any] = [denoiser]
    modules += [module.processor for module in denoiser.modules() if hasattr(module, "processor")]
    for module in modules:
        cls = type(module)
        is_stock = cls.__module__.startswith("diffusers.")
        if not is_stock or cls.__name__ not in names:
            return f"{cls.__name__} was never tried with several pictures in a forward"
    return None


def _unknown_device(device: str) -> str | None:
    if device.startswith(families.PACKED_ON):
        return None
    return f"it was never tried on {device}"


def _moved_parts(parts: Iterable[torch.nn.Module]) -> str | None:
    for part in parts:
        if hasattr(part, "_hf_hook") or getattr(part, "hf_device_map", None):
            return "parts of the model are moved or offloaded while it runs"
    return None


def _hooks(parts: Iterable[torch.nn.Module]) -> str | None:
    for part in parts:
        for module in part.modules():
            registry = getattr(module, "_diffusers_hook", None)
            if registry and registry.hooks.keys() - _HOOKS_OF_FLOAT8:
                return "diffusers' hooks move parts of the model, or keep a cache, while it runs"
    return None


def _cache(denoiser: Any) -> str | None:
    if getattr(denoiser, "is_cache_enabled", False):
        return "the denoiser keeps a cache between steps"
    return None
