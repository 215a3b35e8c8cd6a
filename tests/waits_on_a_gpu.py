"""What waits for a GPU while pictures are drawn packed, on a machine without one: prints JSON.

    PYTHONPATH=tests python tests/waits_on_a_gpu.py sd flux@image "control sdxl@text"

The names are those of `packed_cases`; `sd:DDIMScheduler` takes another scheduler. With --exact first,
pictures are drawn in exact mode and compared with those for which everything was read, otherwise with
those made alone. A process of its own, because torch keeps a device that was added to it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

import pytest
from device_double import WAITS, device_double, moved, note
from packed_cases import case
from side_by_side import made
from start_pictures import difference

from dwlab.events import Done
from dwlab.models import adapters, device, loaded_nets, loading, memory
from dwlab.models.device_clock import DeviceClock
from dwlab.models.parts import modules_of
from dwlab.render import renderer
from dwlab.render.channel import Channel
from dwlab.render.out_of_memory import render_together
from dwlab.render.packing import known_values, pack, reading
from dwlab.render.renderer import render_into
from dwlab.runs.resolve import identities_of_loaded, resolve
from dwlab.spec import tasks
from dwlab.spec.compute import Compute

# the classes of pipelines whose cells were drawn together
PACKED = set()


class LateCopy:
    """A copy that is done when it was asked for three times, or waited for."""

    def __init__(self, values):
        self.hosts = tuple(each.inner.clone() for each in values)
        self.asked = 0

    @property
    def is_done(self):
        self.asked += 1
        return self.asked > 3

    def wait(self):
        pass


class WayOut:
    def begin(self, values):
        return LateCopy(values)


class Loading:
    """Loads on the CPU what a GPU is to have, and moves it there afterwards."""

    def __init__(self):
        self._put_back = contextlib.ExitStack()
        self._adapters_loaded = adapters.loaded
        self._lent = loading.lent
        self._nets_loaded = loaded_nets.loaded

    @contextlib.contextmanager
    def adapters_loaded(self, pipeline, files, settings, _device):
        own = self._adapters_loaded(pipeline, files, settings)
        with self._put_back, own, moved(*modules_of(pipeline).values()):
            yield

    @contextlib.contextmanager
    def lent(self, identity, *, alone=False):
        own = self._lent(_on(identity, "cpu"), alone=alone)
        with own as model, moved(*model.modules):
            yield dataclasses.replace(model, identity=identity)

    def nets_loaded(self, nets, identity):
        modules = self._nets_loaded(nets, _on(identity, "cpu"))
        self._put_back.enter_context(moved(*modules))
        return modules


def _on(identity, name):
    return dataclasses.replace(identity, device=name)


def render_together_and_note(rendering, cells, pack_size):
    stages = [stage for stage in (rendering.model, rendering.second) if stage]
    PACKED.update(type(stage.pipeline).__name__ for stage in stages)
    render_together(rendering, cells, pack_size)


@contextlib.contextmanager
def a_gpu():
    """Within it dwlab finds a GPU."""
    of_double = Loading()
    with pytest.MonkeyPatch.context() as patch, device_double():
        patch.setattr(device, "synchronize", lambda _: note("synchronize"))
        patch.setattr(device, "machine", lambda _: {})
        patch.setattr(DeviceClock, "mark", lambda _: time.perf_counter())
        patch.setattr(renderer, "render_together", render_together_and_note)
        patch.setattr(pack, "WayOut", WayOut)
        patch.setattr(memory, "begin_size", lambda *_: None)
        patch.setattr(adapters, "loaded", of_double.adapters_loaded)
        patch.setattr(loading, "lent", of_double.lent)
        patch.setattr(loaded_nets, "loaded", of_double.nets_loaded)
        yield


@contextlib.contextmanager
def nothing_known():
    """Within it everything that is read is read on the GPU, as by stock calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "answer", lambda *_: None)
        patch.setattr(reading, "without_reading", lambda _, args: args)
        patch.setattr(known_values, "note", lambda *_: None)
        patch.setattr(pack, "forward_context", lambda _: contextlib.nullcontext())
        yield


def drawn(model, cells, compute):
    """The pictures of cells on the double, packed."""
    gpu = "cuda:0"
    resolved = [
        dataclasses.replace(
            cell, identity=_on(cell.identity, gpu), second=cell.second and _on(cell.second, gpu)
        )
        for cell in resolve(cells, identities_of_loaded(cells, model.identity), None)
    ]
    model = dataclasses.replace(model, identity=_on(model.identity, gpu), loaded=None)
    events = []
    channel = Channel()
    channel.send = events.append
    WAITS.clear()
    PACKED.clear()
    render_into(channel, resolved, compute, model)
    for event in events:
        if event.kind == "failed":
            print(event.error[:150], file=sys.stderr)
            print(event.traceback, file=sys.stderr)
    return {event.index: event.result for event in events if isinstance(event, Done)}


def counted(name, *, exact=None, beside_reading=False):
    """What waited while a case was drawn, and how its pictures differ from those that should be the same.

    exact: rows of exact mode. beside_reading: compare with pictures for which everything was read,
    instead of those made alone.
    """
    drawing, _, scheduler = name.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        one = case(drawing, Path(folder))
        cells = one.cells
        if scheduler:
            cells = [cell.replace(scheduler=scheduler) for cell in cells[1:3]]
        compute = Compute(exact=exact, probes=one.probes)
        if beside_reading:
            # loads what else they need, which waits
            made([cell for cell in cells if cell.control or cell.refiner], model=one.model, pack=1)
            with a_gpu(), nothing_known():
                expected = drawn(one.model, cells, compute)
        else:
            expected = made(cells, model=one.model, pack=1)
        read = sum(WAITS.values())
        with a_gpu():
            pictures = drawn(one.model, cells, compute)
    return {
        "task": tasks.task_of(cells[0]), "pictures": len(cells), "packed": sorted(PACKED), "waits": dict(WAITS),
        "difference": [difference(pictures[k].image, expected[k].image) for k in pictures],
        "read": read,
    }  # fmt: skip


def main():
    names = sys.argv[1:]
    options = {}
    if names[0] == "--exact":
        options = {"exact": 8, "beside_reading": True}
        del names[0]
    print(json.dumps({name: counted(name, **options) for name in names}))


if __name__ == "__main__":
    main()
