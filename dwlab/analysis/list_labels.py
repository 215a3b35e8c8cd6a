"""What people read for a list in a recipe, such as its LoRAs or ControlNets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..spec import controls, embeddings, ip_adapters, loras, refiners

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def list_in(text: object) -> list[object]:
    """The list in the JSON of a table; an empty one for a cell without any."""
    return list(json.loads(text)) if isinstance(text, str) and text else []


LIST_LABELS: Mapping[str, Callable[[object], str]] = {
    "loras": lambda entries: loras.label(loras.checked_stack("loras", entries)),
    "embeddings": lambda entries: embeddings.label(
        embeddings.checked_embeddings("embeddings", entries)
    ),
    "control": lambda entries: controls.label(controls.checked_controls("control", entries)),
    "ip_adapter": lambda entries: ip_adapters.label(
        ip_adapters.checked_ip_adapters("ip_adapter", entries)
    ),
    "refiner": lambda entries: refiners.label(refiners.checked_refiners("refiner", entries)),
}
