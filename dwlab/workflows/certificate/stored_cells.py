"""Finished pictures with their recipes, from a results folder or from a PNG, to be made again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..._util.regular_file import open_regular
from ...errors import InvalidInput
from ...pictures import png, recipes
from ...spec import catalog
from ...spec.names import CODE
from ...store.experiments import never_ran
from ...store.images import read_picture
from ...store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from ...store.store import Store

DIGITS_NEEDED = 8  # of a key that stands for a picture
_BY_KEY = """
    SELECT key, params, weights, dtype, device, mode, versions, image, pixels
    FROM cells
    WHERE key IN (SELECT value FROM json_each(:keys)) AND status = 'ok'
    ORDER BY key
"""
_MODELS = """
    SELECT key, json_extract(params, '$.model'), image
    FROM cells
    WHERE status = 'ok'
        AND (:experiment IS NULL
            OR key IN (SELECT key FROM membership WHERE experiment = :experiment))
    ORDER BY key
"""
_STARTING_WITH = """
    SELECT key FROM cells WHERE key >= :start AND key < :end AND status = 'ok' LIMIT 2
"""


@dataclass(frozen=True)
class StoredCell:
    """A finished picture, as what it is compared with once it was made again.

    params: the recipe, as `GenerationParams.as_dict` returns it. mode: see `spec.modes`.
    environment: what else made it, by name; only what is known. pixels: their hash, or "".
    path: of the picture, which may be gone.
    """

    key: str
    params: dict[str, Any]
    weights: str
    dtype: str
    mode: str
    path: Path
    pixels: str = ""
    environment: dict[str, Any] = field(default_factory=dict)

    def picture(self) -> Image.Image | None:
        """The picture; None if it is gone or damaged."""
        return read_picture(self.path)


def models_by_key(root: Path, experiment: str | None) -> dict[str, tuple[str, Path]]:
    """The model and the path of each finished picture of an experiment, or of all, by key.

    Raises InvalidInput for an experiment that never ran here.
    """
    with open_existing(root) as store:
        known = list(store.experiments.specs()) if store else []
        if experiment is not None and experiment not in known:
            raise never_ran(root, experiment, known)
        rows = store.file.tuples(_MODELS, experiment=experiment) if store else []
    return {key: (model, root / image) for key, model, image in rows}


def stored_cells(root: Path, keys: Sequence[str]) -> list[StoredCell]:
    """The finished cells of `keys`, sorted by key; those that are not there are left out."""
    with open_existing(root) as store:
        return _of_store(store, root, keys) if store else []


def _of_store(store: Store, root: Path, keys: Sequence[str]) -> list[StoredCell]:
    rows = store.file.query(_BY_KEY, keys=json.dumps(list(keys)))
    return [_of_row(dict(row), root) for row in rows]


def _of_row(row: dict[str, Any], root: Path) -> StoredCell:
    environment = {name: row[name] for name in ("device", "dtype", "mode")}
    return StoredCell(
        key=row["key"],
        params=json.loads(row["params"]),
        weights=row["weights"],
        dtype=row["dtype"],
        mode=row["mode"],
        path=root / row["image"],
        pixels=row["pixels"] or "",
        environment=environment | json.loads(row["versions"]),
    )


def cell_of_key(root: Path, start: str, model: str | None = None) -> StoredCell:
    """The finished cell whose key is `start` or begins with it; raises InvalidInput.

    model: used instead of the one that its row names.
    """
    digits = start.lower()
    is_key = DIGITS_NEEDED <= len(digits) <= 64 and set(digits) <= set("0123456789abcdef")
    if not is_key:
        allowed = f"a PNG that dwlab made, or at least {DIGITS_NEEDED} digits of a key in {root}"
        raise InvalidInput("picture", start, allowed)
    with open_existing(root) as store:
        rows = store.file.tuples(_STARTING_WITH, start=digits, end=f"{digits}g") if store else []
        if len(rows) > 1:
            raise InvalidInput("key", start, "more digits: several keys begin with these")
        if not store or not rows:
            raise InvalidInput("key", start, f"that of a finished picture in {root}")
        cell = _of_store(store, root, [rows[0][0]])[0]
    return replace(cell, params={**cell.params, "model": model}) if model else cell


def cell_of_png(path: Path, root: Path, model: str | None = None) -> StoredCell:
    """The cell that a PNG of dwlab's says it is; what is stored of it in `root` is added.

    model: used instead of the one that the picture names. Raises InvalidInput for other files, and
    for a recipe that names a model or files that cannot be looked up by what it says.
    """
    with open_regular(path) as file:
        recipe = recipes.read(file.read(recipes.FILE_LIMIT + 1))
    own = png.read_recipe(path)
    if own is None or recipe.tool != recipes.OWN:
        allowed = (
            f"a whole PNG that dwlab made; `dwlab why {path.name}` explains those of other tools"
        )
        raise InvalidInput("picture", str(path), allowed)
    known = stored_cells(root, [str(own.get("key"))])
    if known and model is None:
        return _with_picture(known[0], path)
    if any(text.partition(":")[0] in CODE for text in recipe.left_out):
        allowed = (
            "one without code of somebody's own, which a picture does not bring along; make it again in "
            "the results folder that it is from (--results)"
        )
        raise InvalidInput("picture", str(path), allowed)
    if recipe.left_out:
        allowed = "a picture whose whole recipe this version of dwlab knows"
        raise InvalidInput("recipe", "; ".join(recipe.left_out), allowed)
    params = {**recipe.values, "model": model or _safe_model(recipe.values.get("model"))}
    texts = [str(own.get(name, "")) for name in ("key", "weights", "dtype")]
    mode = str(own.get("mode", "close"))
    return StoredCell(texts[0], params, texts[1], texts[2], mode, path)


def _with_picture(cell: StoredCell, path: Path) -> StoredCell:
    """A stored cell that is compared with a picture of a person's, which may have been changed."""
    return replace(cell, path=path, pixels="")


def _safe_model(name: object) -> str:
    """The model that a stranger's picture names: never a path, which could be anything."""
    if isinstance(name, str) and (name in catalog.CATALOG or catalog.hub_entry(name)):
        return name
    allowed = "a name that is known here; name the model that made the picture with --model"
    raise InvalidInput("model", name, allowed)
