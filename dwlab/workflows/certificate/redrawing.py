"""Pictures made again from their recipes, with the models and files of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InvalidInput, ModelError, RenderError
from ...events import Done, Failed
from ...pictures.inputs import Inputs
from ...pictures.picture import Picture
from ...render.renderer import Renderer, render
from ...runs import code_trust
from ...runs.resolve import identify_all, resolve
from ...spec.compute import Compute
from ...spec.memory import OTHER_PICTURES
from ...spec.modes import rows_of_mode
from ...spec.params import GenerationParams
from ...spec.recipe_key import has_key, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ...render.resolved_cell import ResolvedCell
    from .stored_cells import StoredCell


@dataclass(frozen=True)
class Redrawn:
    """What became of a cell that was to be made again: a picture, or a reason why there is none.

    is_absent: whether its model or a file is not here, or not the same. is_altered: whether the
    recipe is not the one that its key is the hash of. Otherwise it failed.
    """

    cell: StoredCell
    picture: Picture | None = None
    reason: str = ""
    is_absent: bool = False
    is_altered: bool = False


def redraw(
    cells: Sequence[StoredCell],
    root: Path,
    *,
    device: str = "auto",
    render: Renderer = render,
) -> Iterator[Redrawn]:
    """Make the pictures of cells again, each once, in any order; nothing is downloaded or stored.

    root: the results folder with the pictures that the cells start from. Raises InvalidInput for a
    device that is not here.
    """
    groups: dict[Compute, list[tuple[StoredCell, ResolvedCell]]] = {}
    for position, cell in enumerate(cells):
        if not _is_unaltered(cell):
            reason = "its recipe is not the one that its key is the hash of"
            yield Redrawn(cell, reason=reason, is_altered=True)
            continue
        try:
            compute = _compute(cell, device)
            resolved = _resolved(cell, compute, root, position)
        except (InvalidInput, ModelError) as error:
            if isinstance(error, InvalidInput) and error.field == "device":
                raise
            yield Redrawn(cell, reason=str(error), is_absent=True)
        else:
            groups.setdefault(compute, []).append((cell, resolved))
    for compute, pairs in groups.items():
        yield from _drawn(pairs, compute, render)


def _is_unaltered(cell: StoredCell) -> bool:
    try:
        params = parsed(cell.params)
        exact = rows_of_mode(cell.mode)
    except (InvalidInput, ModelError):
        return False
    return has_key(params, cell.key, weights=cell.weights, dtype=cell.dtype, exact=exact)


def _compute(cell: StoredCell, device: str) -> Compute:
    """How a cell is computed: in its mode, and with those measures that its pictures depend on."""
    marks = cell.weights.split("+")[1:]
    measures = tuple(name for name in OTHER_PICTURES if name in marks)
    return Compute(device=device, exact=rows_of_mode(cell.mode), memory=measures)


def _resolved(cell: StoredCell, compute: Compute, root: Path, position: int) -> ResolvedCell:
    """A cell with its model and files; raises ModelError if they are not those that it was made with."""
    params = GenerationParams.of(**cell.params)
    identities = identify_all([params], compute, download=False)
    # `auto` may stand for another dtype here
    if identities[params.choice].dtype != cell.dtype:
        params = params.replace(dtype=cell.dtype)
        identities = identify_all([params], compute, download=False)
    resolved = resolve([params], identities, compute.exact, start=position, inputs=Inputs(root))[0]
    here = resolved.identity.weights
    if here != cell.weights:
        raise ModelError(
            f"model {params.model!r} has the fingerprint {here[:10]} here; the picture was made with "
            f"{cell.weights[:10]}"
        )
    if resolved.key != cell.key:
        raise ModelError(
            f"the recipe has the key {resolved.key[:10]} here instead of {cell.key[:10]}, because a file "
            "that it names is another one"
        )
    return resolved


def _drawn(
    pairs: Sequence[tuple[StoredCell, ResolvedCell]], compute: Compute, render: Renderer
) -> Iterator[Redrawn]:
    cells = {resolved.position: cell for cell, resolved in pairs}
    # lets code run that the person agreed to before; other code fails its own cells
    code_trust.not_trusted(resolved.params for _, resolved in pairs)
    for event in render([resolved for _, resolved in pairs], compute=compute):
        if isinstance(event, Failed):
            yield Redrawn(cells.pop(event.index), reason=event.error)
        elif isinstance(event, Done):
            if not isinstance(event.result, Picture):
                raise RenderError(f"a Picture was expected, not {event.result!r}")
            yield Redrawn(cells.pop(event.index), event.result)
