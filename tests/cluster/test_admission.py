from __future__ import annotations

import json

from PIL import Image

from dwlab.cluster import tasks
from dwlab.cluster.admission import Admission
from dwlab.spec.compute import Compute

MACHINE = {"hardware": "AMD EPYC", "threads": 1}


def answer(difference="", canaries=None, machine=None):
    return json.dumps(
        {"difference": difference, "canaries": canaries or {}, "machine": machine or MACHINE}
    )


def test_workers_that_are_alike_are_accepted(client, workers, cells):
    compute = Compute(exact=4)
    admission = Admission(cells(3, compute), compute, "alike")
    for name, worker in zip(("cpu:0", "cpu:1"), workers, strict=True):
        check = client.submit(
            tasks.check,
            admission.parcel.document,
            admission.parcel.blobs,
            workers=[worker],
            pure=False,
        )
        assert admission.refusal(name, check.result()) == ""


def test_a_worker_is_sent_one_cell_of_each_kind(cells):
    admission = Admission([*cells(5), *cells(5, steps=3)], Compute(), "few")
    assert len(json.loads(admission.parcel.document)["cells"]) == 2


def test_a_picture_to_start_from_goes_along_only_where_it_is_drawn(cells, tmp_path):
    path = tmp_path / "start.png"
    Image.new("RGB", (64, 64), "red").save(path)
    recipe = {"image": str(path), "strength": 0.5}
    assert Admission(cells(2, **recipe), Compute(), "t").parcel.blobs == {}
    exact = Compute(exact=4)
    assert len(Admission(cells(2, exact, **recipe), exact, "t").parcel.blobs) == 1


def test_a_worker_that_differs_is_refused_with_the_difference(cells):
    admission = Admission(cells(1), Compute(), "t")
    assert admission.refusal("a", answer("the version of torch is 2.1")) == (
        "the version of torch is 2.1"
    )
    assert admission.refusal("b", answer()) == ""


def test_a_worker_with_another_canary_is_refused(cells):
    admission = Admission(cells(1), Compute(exact=4), "t")
    assert admission.refusal("a", answer(canaries={"0": "a" * 64})) == ""
    assert admission.refusal("b", answer(canaries={"0": "a" * 64})) == ""
    other = answer(canaries={"0": "b" * 64}, machine={"hardware": "Apple M4", "threads": 8})
    refusal = admission.refusal("c", other)
    assert "aaaaaaaaaa there and bbbbbbbbbb here" in refusal
    assert "AMD EPYC with 1 threads there, Apple M4 with 8 threads here" in refusal
