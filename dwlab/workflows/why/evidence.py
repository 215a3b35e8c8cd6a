"""What is known of a picture: its pixels, its recipe, and how this machine's store says it was made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..._util.regular_file import open_regular
from ...errors import InvalidInput
from ...models import adapter_files
from ...pictures import foreign_files, png, recipes
from ...store.images import read_picture
from ...store.store import open_existing

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from ...pictures.recipes import Recipe

# what a row of the store says of how a picture was made
_RECORDED = ("device", "dtype", "mode", "pixels")


@dataclass(frozen=True)
class Evidence:
    """A picture and what is known of it.

    key: of a picture of dwlab's, otherwise empty. record: how it was made, by name: weights, dtype
    and mode from the picture; device and versions if the results folder has its row.
    """

    path: Path
    image: Image.Image
    recipe: Recipe
    key: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        """Whether dwlab made the picture."""
        return self.recipe.tool == recipes.OWN


def gather(path: Path, results: Path) -> Evidence:
    """Read a picture. Raises InvalidInput if it is not a picture with a recipe."""
    with open_regular(path) as file:
        recipe = recipes.read(file.read(recipes.FILE_LIMIT + 1))
    foreign_files.find(recipe, adapter_files.sha256_of)
    image = read_picture(path)
    if image is None:
        allowed = "a picture that is whole; copy it again"
        raise InvalidInput("picture", str(path), allowed)
    if recipe.tool != recipes.OWN:
        return Evidence(path, image, recipe)
    own = png.read_recipe(path) or {}
    key = str(own.get("key", ""))
    record = {"weights": own.get("weights"), "dtype": own.get("dtype"), "mode": own.get("mode")}
    return Evidence(path, image, recipe, key, record | _stored(results, key))


def _stored(results: Path, key: str) -> dict[str, Any]:
    """What the store says of how the picture of a key was made; empty if it does not know it."""
    with open_existing(results) as store:
        row = store.cells.record(key) if store and key else None
    if row is None:
        return {}
    return {name: row[name] for name in _RECORDED} | json.loads(row["versions"])
