"""A cell that is ready to be rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.identity import Identity
    from ..spec.params import GenerationParams


@dataclass(frozen=True, slots=True)
class ResolvedCell:
    """A cell with all that is known of it before it is rendered.

    It is made once, in `dwlab.runs.resolve`; plan, renderer and store take it as it is, so that the
    key that was planned is the key that is stored.

    position: the cell's number in what was asked for, which its events carry.
    params: complete, with size and scheduler filled in from the model's files.
    identity: the model as its files were when the cell was resolved.
    """

    position: int
    params: GenerationParams
    identity: Identity
    key: str
