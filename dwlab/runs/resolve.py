"""Cells made complete: the model behind each, and its key."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING

from ..errors import NotDownloaded
from ..events import Downloading, Event
from ..models.arguments import check_arguments
from ..models.identity import Identity, identify, key_of
from ..spec.kinds import alike

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..events import Download
    from ..spec.params import GenerationParams


Identities = dict[tuple[str, str], Identity]


def identify_all(
    asked: Sequence[GenerationParams],
    device_name: str,
    *,
    download: bool = True,
    profile: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Identities:
    """The identity of each (model, dtype) that is named, with schedulers and arguments checked against it.

    on_event: told of downloads; if it is not given, stderr shows them.
    """
    kinds: dict[tuple[str, str], list[GenerationParams]] = {}
    for one, _ in alike(asked):
        kinds.setdefault((one.model, one.dtype), []).append(one)
    found = {}
    for (model, dtype), cells in kinds.items():
        tell = functools.partial(_tell_of_download, on_event, cells[0]) if on_event else None
        found[model, dtype] = identify(
            model, device_name, dtype, download=download, profile=profile, on_download=tell
        )
    for pair, identity in found.items():
        check_arguments(kinds[pair], identity)
    return found


def _tell_of_download(
    on_event: Callable[[Event], None], first: GenerationParams, download: Download
) -> None:
    on_event(Downloading(0, first, download))


def identify_what_is_here(
    asked: Sequence[GenerationParams], device_name: str, profile: str | None
) -> tuple[Identities, dict[str, str]]:
    """As `identify_all`, model by model; for those that are not downloaded yet, what there is to say of them."""
    found: Identities = {}
    away: dict[str, str] = {}
    kinds = [one for one, _ in alike(asked)]
    for model in dict.fromkeys(one.model for one in kinds):
        own = [one for one in kinds if one.model == model]
        try:
            found |= identify_all(own, device_name, download=False, profile=profile)
        except NotDownloaded as error:
            away[model] = str(error)
    return found, away


def not_here(missing: list[GenerationParams], away: Mapping[str, str]) -> list[str]:
    """A sentence for each model that is not downloaded yet, with the number of its cells."""
    counts = Counter(one.model for one in missing)
    return [
        f"not checked or looked up, {_cells(counts[model])}: {text}" for model, text in away.items()
    ]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def cell_key(params: GenerationParams, identities: Identities, exact: int | None = None) -> str:
    """The key of a cell, with what only its model's files tell filled in."""
    return key_of(params, identities[params.model, params.dtype], exact)
