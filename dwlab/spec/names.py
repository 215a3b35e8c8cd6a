"""Names of parameters: the other spellings of some, and which are texts or maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

V = TypeVar("V")
# spellings of diffusers and of other tools -> dwlab's own
SPELLINGS = {
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "cfg": "guidance",
    "mask_image": "mask",
    "padding_mask_crop": "mask_padding",
    "parts": "components",
}
TEXTS = ("prompt", "negative_prompt")
# parameters that hold arguments of diffusers
ARGUMENTS = ("call", "scheduler_options")
MAPS = (*ARGUMENTS, "accelerate")
# parameters that are lists; a list of lists are several values
LISTS = ("loras", "embeddings", "control", "ip_adapter", "refiner")
# parts of a model that come from elsewhere
PARTS = ("vae", "components")
# parameters that are code of the user's own
CODE = ("method", "scheduler_code", "pipeline")
# parameters that name files of this machine: keys have the hashes of their contents instead
FILES = ("loras", "embeddings", "ip_adapter", "refiner", *PARTS, *CODE)


def own_name(name: str) -> str:
    """Dwlab's own spelling of a name, also of a dotted one."""
    parent, dot, child = name.partition(".")
    return f"{SPELLINGS.get(parent, parent)}{dot}{child}"


def under_own_names(values: Mapping[str, V], parent: str = "") -> dict[str, V]:
    """The entries of a map under dwlab's own names.

    parent: where the map stands, for the error. Raises InvalidInput for a name that is given twice.
    """
    renamed: dict[str, V] = {}
    for name, value in values.items():
        own = own_name(name)
        if own in renamed:
            field = f"{parent}.{name}" if parent else name
            raise InvalidInput(field, value, f"only one spelling: {own} is given twice")
        renamed[own] = value
    return renamed
