"""The cells that a search may choose from, complete before any is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...pictures.inputs import Inputs
from ...runs import code_trust
from ...runs.cost import rates_of
from ...runs.resolve import identify_all, resolve, stop_downloads
from ...store.store import Store, open_existing

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from ...render.resolved_cell import ResolvedCell
    from ...runs.resolve import Identities, Listener
    from ...spec.cells import Cell
    from ...spec.compute import Compute
    from ...spec.sweep import SweepSpec


def identified(
    spec: SweepSpec,
    cells: Sequence[Cell],
    compute: Compute,
    *,
    download: bool,
    on_event: Listener | None,
    cancel: threading.Event | None,
) -> Identities:
    """The models of a search's cells.

    Raises Cancelled if `cancel` was set while one was downloaded, and InvalidInput and ModelError
    as a run does.
    """
    params = [cell.params for cell in cells]
    code_trust.check([*params, *spec.own_metrics])
    listener = stop_downloads(cancel, on_event)
    return identify_all(params, compute, download=download, on_event=listener)


def cells_with_seeds(spec: SweepSpec, root: Path, limit: int) -> list[Cell]:
    """The cells of a sweep, whose random seeds are drawn now if they were not before."""
    if not spec.random_seeds:
        return spec.cells(limit=limit)
    with Store(root) as store:
        seeds = store.experiments.enter(spec.name, spec.as_dict(), spec.random_seeds)
    return spec.cells(seeds, limit=limit)


def resolved_cells(
    cells: Sequence[Cell], identities: Identities, root: Path, exact: int | None
) -> list[ResolvedCell]:
    """The cells with their keys."""
    return resolve((cell.params for cell in cells), identities, exact, inputs=Inputs(root))


def seconds_per_row(cells: Sequence[ResolvedCell], root: Path) -> float | None:
    """About how long a row of the denoiser takes; None if that is not known for all models."""
    with open_existing(root) as store:
        rates = rates_of(cells, store)
    seconds = 0.0
    for cell in cells:
        rate = rates[cell.params.choice].seconds
        if rate is None:
            return None
        seconds += rate * cell.params.pixels
    return seconds / len(cells)
