"""Ways to draw with less work, on workers: the recipe arrives, and the pictures are those made here."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dwlab.cluster import tasks, wire
from dwlab.cluster.admission import Admission
from dwlab.cluster.driver import render_on
from dwlab.events import Done
from dwlab.models.openvino import library
from dwlab.render.renderer import render
from dwlab.runs.resolve import identify_all, resolve
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams

WAYS = (
    {},
    {"accelerate": {"deep_cache": {"every": 2, "branch": 1}}},
    {"accelerate": {"guidance_every": 2, "token_merging": 0.5}},
    {"accelerate": {"guidance_interval": [0.0, 0.5]}},
    {"quantisation": "float8-layers"},
)
BY_OPENVINO = Compute(device="cpu", profile="openvino")


def made(compute, ways=WAYS):
    """Two seeds of each way."""
    params = [
        GenerationParams(prompt="a red circle", steps=4, seed=seed, **way)
        for way in ways
        for seed in (0, 1)
    ]
    return resolve(params, identify_all(params, compute), compute.exact)


@pytest.mark.parametrize("compute", [Compute(device="cpu", exact=4), BY_OPENVINO])
def test_what_a_cell_saves_arrives_with_it(compute, tmp_path):
    ways = WAYS if compute.profile is None else WAYS[:1] + WAYS[3:4]
    cells = made(compute, ways)
    parcel = wire.parcel_of(cells, compute, "t")
    work = tasks.rebuilt(json.loads(parcel.document), parcel.blobs)
    rebuilt = work.cells()
    assert [cell.key for cell in rebuilt] == [cell.key for cell in cells]
    assert [cell.params for cell in rebuilt] == [cell.params for cell in cells]
    assert [cell.identity.settings for cell in rebuilt] == [c.identity.settings for c in cells]


def test_a_worker_without_openvino_is_refused_with_what_to_install(monkeypatch):
    cells = made(BY_OPENVINO, WAYS[:1])
    admission = Admission(cells, BY_OPENVINO, "t")
    monkeypatch.setattr(library, "is_installed", lambda: False)
    answer = tasks.check(admission.parcel.document, admission.parcel.blobs)
    refusal = admission.refusal("cpu:1", answer)
    assert "openvino" in refusal and "dwlab[openvino]" in refusal
    # one that has it is accepted
    monkeypatch.undo()
    answer = tasks.check(admission.parcel.document, admission.parcel.blobs)
    assert admission.refusal("cpu:0", answer) == ""


@pytest.mark.slow
def test_accelerated_and_plain_cells_of_workers_have_the_bytes_of_those_made_here(client):
    compute = Compute(device="cpu", exact=4)
    cells = made(compute)
    assert pictures(render_on(client, cells, compute=compute)) == pictures(
        render(cells, compute=compute)
    )


@pytest.mark.slow
def test_openvino_on_workers_draws_what_it_draws_here(client):
    cells = made(BY_OPENVINO, WAYS[:1] + WAYS[3:4])
    there = pixels(render_on(client, cells, compute=BY_OPENVINO))
    here = pixels(render(cells, compute=BY_OPENVINO))
    assert there.keys() == here.keys()
    for index, picture in here.items():
        # packs of other sizes round differently
        assert np.abs(picture - there[index]).max() <= 1


def pictures(events):
    return {event.index: event.result.image.tobytes() for event in done(events)}


def pixels(events):
    return {event.index: np.asarray(event.result.image, dtype=int) for event in done(events)}


def done(events):
    found = [event for event in events if isinstance(event, Done)]
    assert found
    return found
