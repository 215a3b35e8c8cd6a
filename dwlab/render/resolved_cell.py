"""A cell that is ready to be rendered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..models.adapters import NONE, Adapters

if TYPE_CHECKING:
    from PIL import Image

    from ..models.controlnets import ControlNet
    from ..models.identity import Identity
    from ..pictures.inputs import Inputs
    from ..spec.params import GenerationParams


@dataclass(frozen=True, slots=True)
class ResolvedCell:
    """A cell with all that is known of it before it is rendered.

    It is made once, in `dwlab.runs.resolve`; plan, renderer and store take it as it is, so that the
    key that was planned is the key that is stored.

    position: the cell's number in what was asked for, which its events carry.
    params: complete, with size and scheduler filled in from the model's files.
    identity: the model as its files were when the cell was resolved.
    inputs: where the pictures are that it starts from.
    adapters: what is added to the model, as its files were then.
    nets: the ControlNets of `params.control`, as their files were then.
    second: the model of a second stage, the refiner of `params`; None without one.
    """

    position: int
    params: GenerationParams
    identity: Identity
    key: str
    inputs: Inputs | None = field(default=None, compare=False, repr=False)
    adapters: Adapters = NONE
    nets: tuple[ControlNet, ...] = ()
    second: Identity | None = None

    def picture(self, reference: object) -> Image.Image:
        """A picture that the cell's parameters name; raises InvalidInput if it is gone."""
        if self.inputs is None:
            raise InvalidInput(
                "image", reference, "a picture that was read when the cell was resolved"
            )
        return self.inputs.picture(str(reference))
