"""What is stored of a cell: its row and its metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..metrics import measures
from ..metrics.metric_set import Value
from ..models.versions import versions
from ..pictures.png import pixel_hash
from ..spec.modes import mode
from ..store.cells import CellRow
from .own_code import library_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Failed
    from ..pictures.picture import Picture
    from ..render.resolved_cell import ResolvedCell

# name -> (version of the metric, value)
Metrics = dict[str, tuple[int, Value]]


def finished_row(cell: ResolvedCell, picture: Picture, image: str, size: int) -> CellRow:
    """The row of a finished picture. image: its path in the results folder; size: its bytes."""
    return CellRow(
        key=cell.key,
        params=cell.params.canonical(),
        weights=picture.weights,
        dtype=picture.dtype,
        device=picture.device,
        status="ok",
        image=image,
        pixels=pixel_hash(picture.image),
        bytes=size,
        seconds=picture.seconds,
        device_seconds=picture.device_seconds,
        load_seconds=picture.load_seconds,
        versions=made_with(picture),
        mode=mode(picture.exact),
    )


def failed_row(cell: ResolvedCell, failure: Failed, exact: int | None) -> CellRow:
    """The row of a cell that failed."""
    return CellRow(
        key=cell.key,
        params=cell.params.canonical(),
        weights=cell.identity.weights,
        dtype=cell.identity.dtype,
        device=cell.identity.device,
        status=failure.status,
        error=failure.error,
        versions=json.dumps(versions() | library_versions(cell.params)),
        mode=mode(exact),
    )


def metrics_of(picture: Picture, names: Sequence[str] | None) -> Metrics:
    """What is measured of a picture. names: of metrics, or None for all that apply."""
    params = picture.params
    metrics: Metrics = measures.measure(
        picture.image, prompt=params.prompt, model=params.model, names=names
    )
    metrics["nan"] = (measures.NAN_VERSION, picture.nan)
    if picture.cut:
        metrics["cut"] = (measures.CUT_VERSION, picture.cut)
    return metrics


def made_with(picture: Picture) -> str:
    """Versions, the machine, and the settings that were not stock, as JSON."""
    values: dict[str, object] = {
        **versions(),
        **library_versions(picture.params),
        **picture.machine,
    }
    if picture.settings:
        values["settings"] = picture.settings
    return json.dumps(values)
