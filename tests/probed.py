"""Pictures with traces that are drawn at once, without a model."""

from __future__ import annotations

import dataclasses

from faults.child import fake_render
from PIL import Image

from dwlab.pictures import films
from dwlab.pictures.traces import Trace

NO_GUIDANCE = "no guidance"


def probed_render(cells, *, compute, **options):
    """Like the renderer: what `compute` asks for is kept of two steps; red pictures have no guidance."""
    for event in fake_render(cells, **options):
        yield _with_traces(event, compute.probes) if event.kind == "done" else event


def _with_traces(event, probes):
    picture = event.result
    kept = tuple(_trace(name, picture.params) for name in probes)
    film = _film(picture.params) if "x0" in probes else b""
    return dataclasses.replace(event, result=dataclasses.replace(picture, traces=kept, film=film))


def _trace(name, params):
    if name == "guidance_norm" and "red" in params.prompt:
        return Trace(name, reason=NO_GUIDANCE)
    values = (0, 1) if name == "x0" else (params.seed + 0.5, None)
    return Trace(name, (1, 2), (14.5, 0.3), (999.0, None), values)


def _film(params):
    frame = Image.new("RGB", (8, 8), (params.seed % 256, 0, 0))
    return films.encode([frame, Image.new("RGB", (8, 8), "white")])
