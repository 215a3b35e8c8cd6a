"""The models of second stages: identified beside the first ones, and computed in the same settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..models import refiners
from ..models.memory_plan import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..events import Download
    from ..models.identity import Identity
    from ..spec.model_choice import ModelChoice
    from ..spec.params import GenerationParams
    from ..spec.where import WorkerDevice


def find(
    cells: Iterable[GenerationParams],
    first: Identity,
    *,
    download: bool,
    on_download: Callable[[Download], None] | None,
    elsewhere: WorkerDevice | None = None,
) -> dict[ModelChoice, Identity]:
    """The refiners that cells of one model name, checked with it.

    Raises InvalidInput for models that do not fit together, and what `identify` does.
    """
    seconds: dict[ModelChoice, Identity] = {}
    for cell in cells:
        for refiner in cell.refiner:
            choice = refiner.choice(cell.choice)
            if choice not in seconds:
                seconds[choice] = refiners.identify_beside(
                    first, choice, download=download, on_download=on_download, elsewhere=elsewhere
                )
            refiners.check(cell, first, seconds[choice])
    return seconds


def in_settings_of(
    first: Identity, seconds: Mapping[ModelChoice, Identity], pixels: int
) -> dict[ModelChoice, Identity]:
    """The refiners in the settings that were chosen for the first model with them in memory."""
    return {
        choice: fitted(replace(second, settings=first.settings), pixels=pixels)
        for choice, second in seconds.items()
    }


def with_weights(
    params: GenerationParams,
    identities: Mapping[ModelChoice, Identity],
    first: ModelChoice,
) -> tuple[GenerationParams, Identity | None]:
    """Parameters with the fingerprint of their refiner, and the refiner; None if they have none.

    first: the model of the first stage, as it was asked for.
    """
    if not params.refiner:
        return params, None
    (refiner,) = params.refiner
    second = identities[refiner.choice(first)]
    return params.replace(refiner=(replace(refiner, weights=second.weights),)), second
