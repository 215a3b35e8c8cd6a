"""Renders one cell: whatever its pipeline raises is this cell's failure and harms no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Cancelled, Done
from ..models import loaded_models, loading
from ..spec.compute import METHOD_TIMEOUT
from .channel import Dropped
from .failure import failed, is_out_of_memory, own_lines
from .stock_call import StockCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models.loading import Model
    from .channel import Channel
    from .resolved_cell import ResolvedCell


@dataclass(frozen=True)
class Rendering:
    """What the cells of one model have in common while they are rendered.

    exact: the number of rows of each forward in exact mode, otherwise None.
    whole: the model itself, if the parts of `model` wait for company: it can be used in any thread.
    second: the model of a second stage, which takes over from `model`; None without one.
    method_timeout: the seconds that a method's own code may take.
    probes: names of what is kept of each step.
    """

    model: Model
    exact: int | None
    channel: Channel
    whole: Model | None = None
    second: Model | None = None
    method_timeout: float = METHOD_TIMEOUT
    probes: tuple[str, ...] = ()

    @property
    def load_seconds(self) -> float:
        """How long its models took to load."""
        return self.model.seconds + (self.second.seconds if self.second else 0.0)

    def give_way(self) -> bool:
        """Let more urgent work on the device be done now; returns whether there was any."""
        gave_way = self.channel.give_way()
        if gave_way:
            loading.prepare_process(self.model)
        return gave_way


def _call(rendering: Rendering, cell: ResolvedCell) -> StockCall:
    """The call that makes a cell's picture: the stock one, or one with code of the user's own."""
    if not cell.params.code:
        return StockCall(rendering, cell)
    # it imports torch, which takes seconds
    from .method_call import MethodCall

    return MethodCall(rendering, cell)


def render_cell(
    rendering: Rendering,
    cell: ResolvedCell,
    on_out_of_memory: Callable[[ResolvedCell], None] | None = None,
) -> None:
    """Make a cell's picture and send its events; a dropped one ends without another event.

    on_out_of_memory: called instead of reporting a failure if memory ran out.
    """
    try:
        rendering.channel.check(cell.position)
        picture = _call(rendering, cell).picture()
    except Cancelled:
        raise
    except Dropped:
        return
    # whatever a pipeline raises is the cell's result
    except Exception as error:  # noqa: BLE001
        lines = own_lines(error) if cell.params.code else ""
        # the traceback holds the tensors that filled the memory
        error.__traceback__ = None
        out_of_memory = is_out_of_memory(error)
        if out_of_memory:
            loaded_models.out_of_memory(rendering.model.identity.device)
        if out_of_memory and on_out_of_memory:
            on_out_of_memory(cell)
        else:
            rendering.channel.send(failed(cell, error, lines))
    else:
        rendering.channel.send(Done(cell.position, cell.params, picture))
