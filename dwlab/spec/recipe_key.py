"""Whether a stored recipe has the key that its row says, told without its model and files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import catalog, families
from .params import GenerationParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .family import Omission

# stands for a model that is not here: a repository of which nothing is known
_ANY_MODEL = "any/model"
# of a model; where they are on a machine means nothing to the key
_PLACES = ("model", "config")


def parsed(params: Mapping[str, Any]) -> GenerationParams:
    """A stored recipe as parameters, also if its model is not here; raises InvalidInput."""
    values = {name: value for name, value in params.items() if name not in _PLACES}
    model = params.get("model")
    is_known = isinstance(model, str) and model in catalog.CATALOG
    return GenerationParams.of(**values, model=model if is_known else _ANY_MODEL)


def has_key(
    params: GenerationParams, key: str, *, weights: str, dtype: str, exact: int | None
) -> bool:
    """Whether `key` is that of a stored recipe, whose files have their hashes in it.

    What a model does without a negative prompt is in some keys, and is not told by the recipe:
    each of the few possibilities is tried.
    """
    adapters = _adapters(params)
    return any(
        params.key(weights, dtype, exact, omission=omission, adapters=adapters) == key
        for omission in _omissions()
    )


def _omissions() -> list[Omission | None]:
    """What models may do without a negative prompt, each once."""
    omissions = {family.omission for family in families.BY_PIPELINE.values()}
    return [None, *sorted(omissions - {None}, key=repr)]


def _adapters(params: GenerationParams) -> str:
    """What stands for LoRAs and textual inversions: see `dwlab.models.adapters`."""
    loras = sorted([lora.sha256, lora.weight] for lora in params.loras if lora.weight)
    tokens = sorted([each.token, each.sha256] for each in params.embeddings)
    parts = {"loras": loras, "embeddings": [[sha256, token] for token, sha256 in tokens]}
    used = {name: part for name, part in parts.items() if part}
    return json.dumps(used) if used else ""
