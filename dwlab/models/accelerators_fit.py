"""Which accelerators fit a model: found out from its files, before it loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..spec import accelerate, catalog, families
from ..spec.accelerators import BY_NAME

if TYPE_CHECKING:
    from ..spec.accelerators import Accelerator
    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams
    from .identity import Identity
    from .settings import Settings

# of a call that asks for an answer without the prompt, beside models that are told the guidance
TRUE_GUIDANCE = "true_cfg_scale"


def check_accelerators(cell: GenerationParams, identity: Identity) -> None:
    """Raise InvalidInput for an accelerator that does not fit a model, or how it is loaded."""
    entry = catalog.lookup(str(identity.folder))
    for name, settings in cell.accelerate.items():
        accelerator = BY_NAME[name]
        reason = (
            unfit(accelerator, entry)
            or _unfit_settings(accelerator, identity.settings)
            or _unfit_recipe(accelerator, cell)
        )
        if reason:
            raise InvalidInput(f"{accelerate.FIELD}.{name}", settings, f"left out for {reason}")


def unfit(accelerator: Accelerator, entry: Entry) -> str | None:
    """Why an accelerator does not fit a model, after `left out for`; None if it does."""
    family = families.of(entry.pipeline or "")
    if family is None:
        return f"{entry.pipeline or 'this model'}, with which it was never tried"
    if family.pipeline not in accelerator.pipelines:
        return f"{family.title}, {accelerator.unfit}"
    if accelerator.saves_guidance and "negative_prompt" in entry.ignores:
        return f"{entry.name}, which is told the guidance and never asked for two answers"
    return None


def _unfit_settings(accelerator: Accelerator, settings: Settings) -> str | None:
    """Why an accelerator does not fit how a model is computed, after `left out for`."""
    if accelerator.own_forward and settings.has_shapes:
        return "a denoiser that is compiled, or computed by OpenVINO: its parts cannot be called"
    if accelerator.in_denoiser and settings.has_shapes:
        return "a denoiser that is compiled, or computed by OpenVINO, with which it was never tried"
    if accelerator.own_forward and settings.offload != "none":
        return "a denoiser that is moved away while it is not needed"
    return None


def _unfit_recipe(accelerator: Accelerator, cell: GenerationParams) -> str | None:
    """Why an accelerator does not fit a recipe, after `left out for`."""
    if accelerator.one_answer and TRUE_GUIDANCE in cell.call:
        return f"{TRUE_GUIDANCE}, with which each step asks for two answers and would mix them"
    if not accelerator.in_denoiser:
        return None
    for name in ("image", "control", "ip_adapter"):
        if getattr(cell, name):
            return f"recipes with {name}: it was tried on pictures from a text alone"
    return None
