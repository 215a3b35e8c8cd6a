"""From resolved cells to pictures: the one seam behind which images are computed.

Each cell is one call of its stock diffusers pipeline, with a CPU generator of its own. `packing`
runs many at a time and merges their model calls; what it cannot take, and `pack=1`, runs one call
after the other. A picture does not depend on its company beyond rounding (within 1/255 in float32),
in exact mode not at all.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..errors import RenderError
from ..events import Done, Failed, Loaded
from ..models import adapters, loading
from ..models.memory_texts import memory_text
from ..models.tasks import pipeline_for
from ..spec import accelerate, schedulers, tasks
from ..spec.beginnings import beginnings
from .channel import Channel, Postponed, on_a_new_thread
from .failure import failed
from .one_cell import Rendering, render_cell
from .out_of_memory import render_together
from .own_time import Stuck
from .threads import start_for

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence

    from ..events import Event
    from ..models.identity import Identity
    from ..spec.compute import Compute
    from .channel import Start
    from .joining import Joining
    from .resolved_cell import ResolvedCell

log = logging.getLogger(__name__)
Group = TypeVar("Group", bound=Hashable)


class Renderer(Protocol):
    """What makes pictures of resolved cells, like `render`."""

    def __call__(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
    ) -> Generator[Event, None, None]:
        """See `render`."""
        ...


def render(
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    joining: Joining | None = None,
) -> Generator[Event, None, None]:
    """Make pictures and yield events as they happen: started, step, done (with a Picture), failed.

    Events carry the position of their cell. A cell that fails does not stop the others; if a model
    does not load, or its files changed since they were identified, all of its cells fail.
    `cancel`, or closing the iterator, stops within one step. dropped: whether a picture, by its
    position, is no longer wanted; asked at each of its steps, and then it ends without another
    event. joining: cells that are added to it before the last event are rendered too; they share
    forwards with those under way if they can. What is added too late is left in it.
    """
    new_channel = functools.partial(Channel, cancel, dropped, joining=joining)
    start = start_for(cell.params for cell in cells)
    yield from events_of(new_channel, functools.partial(render_all, cells, compute), start)


def render_all(
    cells: Sequence[ResolvedCell], compute: Compute, channel: Channel, ended: Collection[int]
) -> None:
    """Make the pictures of cells, and of those that join them, except for some positions."""
    joining = channel.joining
    left = without([*cells, *joining.taken], ended)
    while left:
        render_into(channel, left, compute)
        left = joining.take_all()


def events_of(
    new_channel: Callable[[], Channel],
    work: Callable[[Channel, Collection[int]], None],
    start: Start = on_a_new_thread,
) -> Generator[Event, None, None]:
    """The events of `work`, which goes on without a cell whose method does not give way.

    work: sends the events of all cells but those at some positions, which have ended, to a channel.
    start: has it done. It is done again, without what has ended, if it raises Postponed.
    """
    ended: set[int] = set()
    while True:
        channel = new_channel()
        try:
            for event in channel.events(functools.partial(work, channel, ended), start):
                if isinstance(event, Done | Failed):
                    ended.add(event.index)
                yield event
        except Stuck as stuck:
            ended.add(stuck.cell.position)
            yield failed(stuck.cell, RenderError(str(stuck)), stuck.lines)
        except Postponed:
            continue
        else:
            return


def without(cells: Sequence[ResolvedCell], ended: Collection[int]) -> list[ResolvedCell]:
    """The cells but those at some positions."""
    return [cell for cell in cells if cell.position not in ended]


def render_into(
    channel: Channel,
    cells: Sequence[ResolvedCell],
    compute: Compute,
    loaded: loading.Model | None = None,
) -> None:
    """Make pictures, model by model, and send their events. loaded: the model of all cells."""
    for identity, same_model in _grouped(cells, lambda cell: cell.identity).items():
        channel.check()
        _render_cells_of(identity, channel, same_model, compute, loaded)


# a function of its own, so that nothing refers to a model while the next one is loaded
def _render_cells_of(
    identity: Identity,
    channel: Channel,
    cells: list[ResolvedCell],
    compute: Compute,
    loaded: loading.Model | None,
) -> None:
    with contextlib.ExitStack() as stack:
        try:
            is_changed = any(map(_changes_model, cells))
            model = loaded or stack.enter_context(
                _lent_model(identity, channel, cells[0], alone=is_changed)
            )
            loading.prepare_process(model)
        # whatever a model raises is the failure of its own cells
        except Exception as error:  # noqa: BLE001
            _fail_all(channel, cells, error)
        else:
            _render_stacks(channel, model, cells, compute)


def _changes_model(cell: ResolvedCell) -> bool:
    """Whether a cell changes the parts of its model while it is drawn."""
    return cell.adapters != adapters.NONE or bool(accelerate.in_denoiser(cell.params.accelerate))


@contextlib.contextmanager
def _lent_model(
    identity: Identity, channel: Channel, cell: ResolvedCell, *, alone: bool
) -> Iterator[loading.Model]:
    """The model of an identity; an event of a cell tells if it had to be loaded."""
    was_here = loading.is_loaded(identity)
    with loading.lent(identity, alone=alone) as model:
        if not was_here:
            text = memory_text(model.identity)
            channel.send(Loaded(cell.position, cell.params, model.seconds, text))
        yield model


def _grouped(
    cells: Sequence[ResolvedCell], group_of: Callable[[ResolvedCell], Group]
) -> dict[Group, list[ResolvedCell]]:
    """The cells of each group, in the order in which groups first occur."""
    groups: dict[Group, list[ResolvedCell]] = {}
    for cell in cells:
        groups.setdefault(group_of(cell), []).append(cell)
    return groups


def _render_stacks(
    channel: Channel, model: loading.Model, cells: list[ResolvedCell], compute: Compute
) -> None:
    """Make the pictures of one model, stack of adapters by stack, each loaded once."""
    for files, same_files in _grouped(cells, lambda cell: cell.adapters.files).items():
        channel.check()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(
                    adapters.loaded(
                        model.pipeline, files, model.identity.settings, model.identity.device
                    )
                )
            # whatever a file raises is the failure of its own cells
            except Exception as error:  # noqa: BLE001
                _fail_all(channel, same_files, error)
                continue
            for added, same_weights in _grouped(same_files, lambda cell: cell.adapters).items():
                adapters.set_weights(model.pipeline, added)
                _render_tasks(channel, model, same_weights, compute)


def _render_tasks(
    channel: Channel, model: loading.Model, cells: list[ResolvedCell], compute: Compute
) -> None:
    """Make the pictures of one model as it is now, task by task."""
    groups = _grouped(cells, lambda cell: (tasks.task_of(cell.params), cell.nets, cell.second))
    for (task, nets, second), same_task in groups.items():
        with contextlib.ExitStack() as stack:
            try:
                rendering = Rendering(
                    pipeline_for(model, task, nets),
                    compute.exact,
                    channel,
                    method_timeout=compute.method_timeout,
                    probes=compute.probes,
                )
                if second is not None:
                    lent = _lent_model(second, channel, same_task[0], alone=False)
                    refiner = pipeline_for(stack.enter_context(lent), tasks.IMAGE)
                    rendering = replace(rendering, second=refiner)
            # whatever a ControlNet or a refiner raises is the failure of its own cells
            except Exception as error:  # noqa: BLE001
                _fail_all(channel, same_task, error)
            else:
                _render_task(rendering, same_task, compute.pack)


def _render_task(rendering: Rendering, cells: list[ResolvedCell], pack: int | None) -> None:
    """Make the pictures of one pipeline; those of a size share forwards if the model allows it."""
    from .packing.refusal import refusal

    identity = rendering.model.identity
    pack = pack or identity.pack
    stages = [stage for stage in (rendering.model, rendering.second) if stage is not None]
    reasons = [refusal(stage.pipeline, identity.device) for stage in stages]
    reason = next(filter(None, reasons), None)
    if reason and rendering.exact:
        _fail_all(rendering.channel, cells, RenderError(f"not in exact mode: {reason}"))
    elif reason or (pack == 1 and not rendering.exact):
        if pack != 1:
            log.warning("%s: one picture at a time, because %s", identity.name, reason)
        _render_one_by_one(rendering, cells)
    else:
        together = [cell for cell in cells if not accelerate.runs_alone(cell.params.accelerate)]
        for same_size in _by_size(together, type(rendering.model.pipeline).__name__):
            render_together(rendering, same_size, pack)
        alone = [cell for cell in cells if accelerate.runs_alone(cell.params.accelerate)]
        _render_alone(rendering, alone)


def _render_alone(rendering: Rendering, cells: list[ResolvedCell]) -> None:
    """Make the pictures of cells with an accelerator that runs alone."""
    if cells and not rendering.exact:
        reasons = {name for cell in cells for name in accelerate.runs_alone(cell.params.accelerate)}
        log.info("one picture at a time, because of %s", ", ".join(sorted(reasons)))
        _render_one_by_one(rendering, cells)
        return
    for cell in cells:
        names = ", ".join(accelerate.runs_alone(cell.params.accelerate))
        reason = f"not in exact mode: {names} runs one picture at a time"
        rendering.channel.send(failed(cell, RenderError(reason)))


def _render_one_by_one(rendering: Rendering, cells: list[ResolvedCell]) -> None:
    for cell in cells:
        rendering.give_way()
        render_cell(rendering, cell)


def _fail_all(channel: Channel, cells: list[ResolvedCell], error: Exception) -> None:
    for cell in cells:
        channel.send(failed(cell, error))


def _by_size(cells: list[ResolvedCell], pipeline: str) -> list[list[ResolvedCell]]:
    """Cells of one picture size each, the longest first, so that the last ones end together.

    Of the same length, those with the same accelerators begin together: they share more forwards; and
    of these, those with the same first step, which is kept for a while only.
    pipeline: the class that draws them.
    """
    firsts: dict[Hashable, int] = {}
    groups: dict[tuple[int | None, int | None], list[tuple[int, ResolvedCell]]] = {}
    alike = beginnings([cell.params for cell in cells])
    for number, (beginning, cell) in enumerate(zip(alike, cells, strict=True)):
        first = firsts.setdefault(beginning, number)
        groups.setdefault((cell.params.width, cell.params.height), []).append((first, cell))

    def order(pair: tuple[int, ResolvedCell]) -> tuple[int, str, int]:
        first, cell = pair
        return -_calls(pipeline, cell), accelerate.label(cell.params.accelerate), first

    return [[cell for _, cell in sorted(group, key=order)] for group in groups.values()]


def _calls(pipeline: str, cell: ResolvedCell) -> int:
    """How often a cell's picture calls the denoiser."""
    steps = tasks.steps_run(cell.params.steps, cell.params.strength, pipeline)
    return schedulers.denoiser_calls(cell.params.scheduler, steps)
