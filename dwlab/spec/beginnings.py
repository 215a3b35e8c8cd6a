"""Which cells begin alike: with guidance, everything but how strong it is counts for the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .params import GenerationParams

_ANY = 2.0


def beginnings(cells: Sequence[GenerationParams]) -> list[Hashable]:
    """What is equal for cells whose first step is the same, for each cell."""
    kinds = [cell.kind() for cell in cells]
    examples = dict(zip(kinds, cells, strict=True))
    of_kind = {kind: _of_any_guidance(example) for kind, example in examples.items()}
    pairs = zip(kinds, cells, strict=True)
    return [(of_kind[kind], cell.prompt, cell.seed) for kind, cell in pairs]


def _of_any_guidance(cell: GenerationParams) -> Hashable:
    # without guidance other questions are asked
    return (cell.replace(guidance=_ANY) if cell.guided else cell).kind()
