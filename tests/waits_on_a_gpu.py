"""What waits for a GPU while families are drawn packed, on a machine without one: prints JSON.

    PYTHONPATH=tests python tests/waits_on_a_gpu.py sd flux

A process of its own, because torch keeps a device that was added to it.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from device_double import WAITS, DeviceDouble, moved, note
from family_pictures import Family, difference

import dwlab
from dwlab.events import Done
from dwlab.models import device, memory
from dwlab.models.device_clock import DeviceClock
from dwlab.render.channel import Channel
from dwlab.render.packing import pack
from dwlab.render.renderer import render_into
from dwlab.runs.resolve import identities_of_loaded, resolve
from dwlab.spec.compute import Compute


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


def drawn(one):
    """The pictures of a family's cells on the double, packed."""
    model = one.model
    identity = dataclasses.replace(model.identity, device="cuda:0")
    with torch.inference_mode():
        for module in model.modules:
            moved(module)
    model = dataclasses.replace(model, identity=identity, loaded=None)
    cells = resolve(one.cells, identities_of_loaded(one.cells, identity), None)
    events = []
    channel = Channel()
    channel.send = events.append
    WAITS.clear()
    render_into(channel, cells, Compute(), model)
    for event in events:
        if event.kind == "failed":
            print(event.error[:150], file=sys.stderr)
            print(event.traceback, file=sys.stderr)
    return {event.index: event.result for event in events if isinstance(event, Done)}


def main():
    waits = {}
    double = DeviceDouble()
    device.synchronize = lambda _: note("synchronize")
    device.machine = lambda _: {}
    DeviceClock.mark = lambda _: time.perf_counter()
    pack.WayOut = WayOut
    memory.begin_size = lambda *_: None
    for name in sys.argv[1:]:
        family, _, scheduler = name.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            one = Family(family, Path(folder))
            if scheduler:
                one.cells = [cell.replace(scheduler=scheduler) for cell in one.cells[1:3]]
            expected = [
                event.result
                for event in dwlab.stream(one.cells, model=one.model, pack=1)
                if event.kind == "done"
            ]
            with double:
                pictures = drawn(one)
        largest = [difference(pictures[k].image, expected[k].image) for k in pictures]
        waits[name] = {"difference": largest, "waits": dict(WAITS)}
    print(json.dumps(waits, default=str))


if __name__ == "__main__":
    main()
