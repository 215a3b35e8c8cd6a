"""Which cells begin alike.

With guidance, everything counts for the first step but how strong it is, and at which later steps it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accelerate
from .rows import first_step_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .params import GenerationParams

_ANY = 2.0


def beginnings(cells: Sequence[GenerationParams]) -> list[Hashable]:
    """What is equal for cells whose first step is the same, for each cell."""
    kinds = [cell.kind() for cell in cells]
    examples = dict(zip(kinds, cells, strict=True))
    of_kind = {kind: _at_first(example) for kind, example in examples.items()}
    pairs = zip(kinds, cells, strict=True)
    return [(of_kind[kind], cell.prompt, cell.seed) for kind, cell in pairs]


def _at_first(cell: GenerationParams) -> Hashable:
    # without guidance other questions are asked
    if not cell.guided:
        return cell.kind()
    accelerators = cell.accelerate
    if accelerate.is_guided(accelerators, first_step_of(cell)):
        accelerators = accelerate.but_for_guidance(accelerators)
    return cell.replace(guidance=_ANY, accelerate=accelerators).kind()
