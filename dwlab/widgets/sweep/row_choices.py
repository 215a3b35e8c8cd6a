"""What the editors of the sweep panel offer: values to pick, and usual values for a new axis."""

from __future__ import annotations

from ...spec import catalog, schedulers
from ...spec.inputs import NUMBERS as PICTURE_NUMBERS
from ...spec.long_prompts import LONG_PROMPTS
from ...spec.memory import NONE, QUANTISATIONS
from ...spec.param_checks import DTYPES, NOISES
from ...spec.params import FIELDS
from ...spec.prompt_weights import WEIGHTINGS

# name -> the values that there are
CLOSED = {
    "dtype": DTYPES,
    "quantisation": (NONE, *QUANTISATIONS),
    "noise": NOISES,
    "long_prompt": LONG_PROMPTS,
    "prompt_weighting": WEIGHTINGS,
}
# of a new axis over a parameter without a value
USUAL_VALUES: dict[str, object] = {
    "seed": {"range": [0, 4, 1]},
    "steps": [4, 8, 20],
    "guidance": [1, 3, 7.5],
    "scheduler": ["DDIM", "Euler"],
    "strength": [0.3, 0.6, 0.9],
    "call.eta": [0, 1],
    "accelerate": ["none", {"deep_cache": 3}, {"guidance_every": 2}],
    "accelerate.deep_cache": [1, 2, 3],
    "accelerate.guidance_every": [1, 2, 3],
}
# dotted names that are worth a hint; any other one can be typed
DOTTED = (
    "call.eta",
    "call.clip_skip",
    "call.guidance_rescale",
    "scheduler_options.use_karras_sigmas",
    "accelerate.deep_cache",
    "accelerate.guidance_every",
)


def choices_for(name: str) -> tuple[list[str], bool]:
    """The values to pick from for a parameter, and whether there are no others."""
    if name == "scheduler":
        return list(schedulers.ALIASES), False
    if name == "model":
        return list(catalog.DRAWING), False
    return list(CLOSED.get(name, ())), name in CLOSED


def usual_axis(name: str) -> object:
    """The values that a new axis over a parameter has at first; None if there are no usual ones."""
    return USUAL_VALUES.get(name)


def addable() -> list[str]:
    """The parameters that a page offers as axes, those that people vary most first."""
    first = ("prompt", "negative_prompt", "seed", "steps", "guidance", "scheduler", "model")
    size = ("width", "height", "dtype", *PICTURE_NUMBERS)
    return list(dict.fromkeys([*first, *size, *DOTTED, *sorted(FIELDS)]))
