"""A PNG that was dropped on the prompt bench: the recipe in it, and what of it cannot be used."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import DwlabError
from ...models import adapter_files
from ...models.identity import identify
from ...pictures import foreign_files, recipes

if TYPE_CHECKING:
    from ...spec.params import GenerationParams


@dataclass(frozen=True)
class DroppedRecipe:
    """A recipe that fits the bench's model. tool: what wrote it; left_out: what had no use."""

    params: GenerationParams
    tool: str
    left_out: tuple[str, ...]

    @property
    def message(self) -> str:
        """What the status line says about it."""
        origin = "" if self.tool == recipes.OWN else f", written by {self.tool},"
        message = f"The recipe of the picture{origin} is in the controls."
        if self.left_out:
            message += (
                f" Left out, because this model or dwlab has no use for it: "
                f"{'; '.join(self.left_out)}."
            )
        return message


def read_dropped(png: bytes, model: str, device: str) -> DroppedRecipe:
    """The recipe in a PNG, for this model. Raises InvalidInput if there is none, or no PNG."""

    def weights_of(name: str) -> str:
        """The hash of a model's weights; empty if they are not on this machine."""
        with contextlib.suppress(DwlabError):
            return identify(name, device, download=False).weights
        return ""

    recipe = recipes.read(png)
    foreign_files.find(recipe, adapter_files.sha256_of)
    params, left_out = recipe.fit(model, weights_of)
    return DroppedRecipe(params, recipe.tool, tuple(left_out))
