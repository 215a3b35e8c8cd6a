"""What a plan says of defaults that no recipe and no catalog has: those from a model's own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..spec.model_entry import Entry
    from ..spec.params import GenerationParams


def default_texts(params: Sequence[GenerationParams], folders: Mapping[str, str]) -> list[str]:
    """A sentence for each model whose files decide steps or guidance of some cells.

    params: as they were asked for. folders: where models are on this machine, by name.
    """
    cells = [cell for cell in params if cell.steps is None or cell.guidance is None]
    models = dict.fromkeys(cell.model for cell in cells)
    return [f"{model}: {_text(folders.get(model))}" for model in models]


def _text(folder: str | None) -> str:
    if folder is None:
        return "its model_index.json decides about steps, guidance and scheduler, once it is here"
    entry = catalog.lookup(folder)
    settings = [f"{entry.steps} steps", f"guidance {entry.guidance:g}", *_size(entry)]
    if entry.scheduler:
        settings.append(entry.scheduler)
    return f"{', '.join(settings)} unless the recipe says otherwise, from its files"


def _size(entry: Entry) -> list[str]:
    return [f"{entry.width}x{entry.height}"] if entry.width else []
