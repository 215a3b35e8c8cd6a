"""Names of schedulers: the diffusers class, or what other tools call it, with its options.

The names of other tools follow the scheduler overview in diffusers' documentation.
"""

from __future__ import annotations

import functools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_KARRAS: dict[str, object] = {"use_karras_sigmas": True}
_SDE: dict[str, object] = {"algorithm_type": "sde-dpmsolver++"}

ALIASES: dict[str, tuple[str, dict[str, object]]] = {
    "DDIM": ("DDIMScheduler", {}),
    "DDPM": ("DDPMScheduler", {}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "PNDM": ("PNDMScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler Karras": ("EulerDiscreteScheduler", _KARRAS),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Euler ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DPM2": ("KDPM2DiscreteScheduler", {}),
    "DPM2 Karras": ("KDPM2DiscreteScheduler", _KARRAS),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
    "DPM2 a Karras": ("KDPM2AncestralDiscreteScheduler", _KARRAS),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", _KARRAS),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", _SDE),
    "DPM++ 2M SDE Karras": ("DPMSolverMultistepScheduler", _SDE | _KARRAS),
    "DPM++ SDE": ("DPMSolverSinglestepScheduler", {}),
    "DPM++ SDE Karras": ("DPMSolverSinglestepScheduler", _KARRAS),
    "DEIS": ("DEISMultistepScheduler", {}),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "LCM": ("LCMScheduler", {}),
    "Flow match Euler": ("FlowMatchEulerDiscreteScheduler", {}),
}
# the only schedulers whose step uses `eta`; the others ignore it without a word
USES_ETA = frozenset({"DDIMScheduler", "DDIMParallelScheduler", "TCDScheduler"})
# second-order schedulers, which call the denoiser twice per step, but once in the last one
_CALLS_TWICE = frozenset(
    {
        "HeunDiscreteScheduler",
        "KDPM2DiscreteScheduler",
        "KDPM2AncestralDiscreteScheduler",
        "FlowMatchHeunDiscreteScheduler",
    }
)
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]{2,60}Scheduler")


def resolve(name: object) -> tuple[str, Mapping[str, object]]:
    """The diffusers class and the options that a scheduler's name stands for.

    name: a diffusers class (whether it exists is checked before a model loads), or a name of
    ALIASES in any case, with or without blanks and hyphens. Raises InvalidInput for anything else.
    """
    resolved = _resolved(name) if isinstance(name, str) else None
    if resolved is None:
        allowed = f"a diffusers scheduler class, or one of: {', '.join(ALIASES)}"
        raise InvalidInput("scheduler", name, allowed)
    return resolved


@functools.lru_cache
def _resolved(name: str) -> tuple[str, Mapping[str, object]] | None:
    alias = _BY_LOOSE_NAME.get(_loose(name))
    if alias is not None:
        scheduler, options = alias
        return scheduler, MappingProxyType(options)
    if _CLASS_NAME.fullmatch(name):
        return name, MappingProxyType({})
    return None


def is_known(scheduler: str | None, options: Mapping[str, object]) -> bool:
    """Whether a class with these options is one of ALIASES, so that nothing is left to check."""
    if scheduler is None:
        return True
    return any(scheduler == cls and options in ({}, implied) for cls, implied in ALIASES.values())


def display_name(scheduler: str, options: dict[str, object]) -> str:
    """The name that other tools have for a class with these options, or else the class."""
    for name, alias in ALIASES.items():
        if alias == (scheduler, options):
            return name
    return scheduler


def fitting(scheduler: str | None) -> list[str]:
    """The names of ALIASES for a model whose own scheduler is of this class.

    Models of flow matching and the others do not draw with each other's.
    """
    is_flow = _is_flow(scheduler or "")
    return [name for name, (cls, _options) in ALIASES.items() if _is_flow(cls) == is_flow]


def _is_flow(scheduler: str) -> bool:
    return scheduler.startswith("FlowMatch")


def denoiser_calls(scheduler: str | None, steps: int) -> int:
    """How often so many steps call the denoiser.

    The warm-up of PNDM is not counted, because it depends on the files of a model.
    """
    return 2 * steps - 1 if scheduler in _CALLS_TWICE else steps


def _loose(name: str) -> str:
    """A name without what may be written in several ways: case, blanks and hyphens."""
    return re.sub(r"[\s_-]+", "", name.lower())


_BY_LOOSE_NAME = {_loose(name): alias for name, alias in ALIASES.items()}
