"""The caches between steps that diffusers has for transformers, as a user enables them.

Each is a configuration of `diffusers.hooks`. They keep what they remember in the denoiser itself, so
a cell with one runs alone, with a model that no other rendering has, and leaves it as it was.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ...spec.accelerate import main, setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import torch

    from ...spec.accelerators import Settings
    from .drawing import Drawing


def first_block_cache(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """The other blocks are left out while the first one's output hardly changes."""
    from diffusers.hooks import FirstBlockCacheConfig

    threshold = main("first_block_cache", settings)
    return _enabled(drawing, FirstBlockCacheConfig(threshold=threshold))


def taylorseer(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """Attention, or all of it, is foretold from the steps before; Liu et al. 2025."""
    from diffusers.hooks import TaylorSeerCacheConfig

    config = TaylorSeerCacheConfig(
        cache_interval=main("taylorseer", settings),
        disable_cache_before_step=setting("taylorseer", settings, "warmup"),
        max_order=setting("taylorseer", settings, "order"),
        use_lite_mode=setting("taylorseer", settings, "lite"),
        # diffusers' default, bfloat16, loses digits that cost nothing here
        taylor_factors_dtype=drawing.denoiser.dtype,
    )
    return _enabled(drawing, config)


def mag_cache(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """Steps are left out while the known growth of residuals says that little is lost; Ma et al. 2025."""
    from diffusers.hooks import MagCacheConfig
    from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

    config = MagCacheConfig(
        threshold=main("mag_cache", settings),
        max_skip_steps=setting("mag_cache", settings, "skips"),
        retention_ratio=setting("mag_cache", settings, "retention"),
        num_inference_steps=drawing.params.steps,
        mag_ratios=FLUX_MAG_RATIOS,
    )
    return _enabled(drawing, config)


def pyramid_attention(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """Attention is computed at every n-th step of the middle part; Zhao et al. 2024."""
    from diffusers.hooks import PyramidAttentionBroadcastConfig

    config = PyramidAttentionBroadcastConfig(
        spatial_attention_block_skip_range=main("pyramid_attention", settings),
        current_timestep_callback=lambda: drawing.pipeline.current_timestep,
    )
    return _enabled(drawing, config)


def faster_cache(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """Attention is extrapolated from the two times before, in the later part; Lv et al. 2024."""
    from diffusers.hooks import FasterCacheConfig

    config = FasterCacheConfig(
        spatial_attention_block_skip_range=main("faster_cache", settings),
        # the weight that diffusers takes without one, saying so with a warning
        attention_weight_callback=lambda _module: 0.5,
        current_timestep_callback=lambda: drawing.pipeline.current_timestep,
        # these models are told the guidance, so no call is made without the prompt
        is_guidance_distilled=True,
    )
    return _enabled(drawing, config)


@contextlib.contextmanager
def _enabled(drawing: Drawing, config: Any) -> Iterator[None]:
    """A cache of diffusers, enabled; the denoiser is left as it was, whatever happens."""
    denoiser = drawing.denoiser
    before = _attributes(denoiser)
    try:
        denoiser.enable_cache(config)
        yield
    finally:
        # if enabling failed half-way, diffusers does not know of the hooks
        denoiser._cache_config = config  # noqa: SLF001  # what `disable_cache` reads
        denoiser.disable_cache()
        _put_back(denoiser, before)


# what hooks leave on modules when they are removed: packing takes a `forward` for a compiled model
_LEFT = ("forward", "_diffusers_hook", "_cache_config")


def _attributes(denoiser: torch.nn.Module) -> dict[torch.nn.Module, set[str]]:
    """What modules have of their own among what hooks leave behind."""
    return {module: set(_LEFT).intersection(vars(module)) for module in denoiser.modules()}


def _put_back(denoiser: torch.nn.Module, before: dict[torch.nn.Module, set[str]]) -> None:
    for module in denoiser.modules():
        for name in set(_LEFT).intersection(vars(module)) - before[module]:
            delattr(module, name)
