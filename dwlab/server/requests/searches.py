"""Searches that a request for a sweep may ask for: those among its own cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...spec.search_request import OF_GRIDS
from ...workflows.budgeted.methods import margin_of, method_name
from ...workflows.budgeted.ranking_metric import ranking_metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...spec.cells import Cell
    from ...spec.sweep import SweepSpec


def check(sweep: SweepSpec, cells: Sequence[Cell]) -> None:
    """Raise InvalidInput for a search that this server does not do, and one that cannot work.

    cells: all that it may choose from, which are no more than those of a sweep without a search.
    """
    request = sweep.request
    if request is None:
        return
    if request.is_optuna:
        allowed = f"{', '.join(OF_GRIDS)}; this server runs no Optuna for requests"
        raise InvalidInput("search.method", request.method, allowed)
    metric = ranking_metric(sweep, cells)
    method_name(request, metric)
    margin_of(request, metric)
