"""Names of schedulers: the diffusers class, or what other tools call it, with the options that go with it.

The mapping of other tools' names follows diffusers' scheduler overview.
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
_BY_LOOSE_NAME = {re.sub(r"[\s_-]+", "", name.lower()): entry for name, entry in ALIASES.items()}

# schedulers whose step makes something of `eta`; the others leave it unused without a word
USES_ETA = frozenset({"DDIMScheduler", "DDIMParallelScheduler", "TCDScheduler"})


def resolve(name: object) -> tuple[str, Mapping[str, object]]:
    """The diffusers class name and the options that `name` stands for.

    Takes a diffusers class name as it is (whether the class exists is checked before a model
    loads), or a name of ALIASES in any case, with or without blanks and hyphens.
    """
    if not isinstance(name, str) or not (found := _resolved(name)):
        raise InvalidInput(
            "scheduler", name, f"a diffusers scheduler class, or one of: {', '.join(ALIASES)}"
        )
    return found


@functools.lru_cache
def _resolved(name: str) -> tuple[str, Mapping[str, object]] | None:
    if known := _BY_LOOSE_NAME.get(re.sub(r"[\s_-]+", "", name.lower())):
        return known[0], MappingProxyType(known[1])
    return (
        (name, MappingProxyType({}))
        if re.fullmatch(r"[A-Z][A-Za-z0-9]{2,60}Scheduler", name)
        else None
    )


def is_known(scheduler: str | None, options: Mapping[str, object]) -> bool:
    """Whether the class is one of ALIASES and its options are those of a name: nothing left to check."""
    return scheduler is None or any(
        cls == scheduler and options in ({}, implied) for cls, implied in ALIASES.values()
    )


def display_name(scheduler: str, options: dict[str, object]) -> str:
    """The name other tools use for a class with these options, or the class name."""
    return next(
        (name for name, entry in ALIASES.items() if entry == (scheduler, options)), scheduler
    )


def calls_per_step(scheduler: str | None) -> int:
    """How often a step calls the denoiser, as far as plans need it: second-order schedulers call twice."""
    return 2 if scheduler in _TWICE else 1


_TWICE = frozenset({
    "HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "FlowMatchHeunDiscreteScheduler",
})  # fmt: skip
