from __future__ import annotations

import json

import pytest

from dwlab.cluster import tasks, wire
from dwlab.events import Done, Failed, Loaded, Started
from dwlab.models.loaded_models import out_of_memory
from dwlab.render.renderer import render
from dwlab.spec.compute import Compute


def on_worker(client, worker, task, chunk):
    return client.submit(
        task,
        chunk.document,
        chunk.blobs,
        workers=[worker],
        allow_other_workers=False,
        pure=False,
        retries=0,
    ).result()


def pictures(events):
    return {event.index: event.result for event in events if isinstance(event, Done)}


def distance(one, other):
    pairs = zip(one.image.tobytes(), other.image.tobytes(), strict=True)
    return max(abs(a - b) for a, b in pairs)


def test_a_worker_makes_the_pictures_that_a_local_run_makes(client, workers, cells):
    todo = cells(3)
    local = pictures(render(todo, compute=Compute()))
    answer = on_worker(client, workers[0], tasks.render_chunk, wire.parcel_of(todo, Compute()))
    events = list(wire.events_of(answer, todo))
    assert [event.params for event in events if isinstance(event, Started)] == [
        cell.params for cell in todo
    ]
    remote = pictures(events)
    assert remote.keys() == local.keys()
    for index, picture in remote.items():
        assert distance(picture, local[index]) <= 1
        assert picture.key == local[index].key == todo[index].key
        assert picture.params == todo[index].params
        assert picture.png().startswith(b"\x89PNG")
        assert picture.machine["worker"] == "cpu:0"


def test_the_file_of_a_picture_is_that_of_a_local_run(client, workers, cells):
    compute = Compute(exact=4)
    todo = cells(2, compute)
    local = pictures(render(todo, compute=compute))
    answer = on_worker(client, workers[1], tasks.render_chunk, wire.parcel_of(todo, compute))
    remote = pictures(wire.events_of(answer, todo))
    assert {index: picture.png() for index, picture in remote.items()} == {
        index: picture.png() for index, picture in local.items()
    }


def test_a_model_stays_in_the_memory_of_its_worker(client, workers, cells):
    todo = cells(1)
    chunk = wire.parcel_of(todo, Compute())
    # other tests may have left it there
    client.run(out_of_memory, "cpu", workers=workers[:1])
    first = wire.events_of(on_worker(client, workers[0], tasks.render_chunk, chunk), todo)
    assert any(isinstance(event, Loaded) for event in first)
    again = wire.events_of(on_worker(client, workers[0], tasks.render_chunk, chunk), todo)
    assert not any(isinstance(event, Loaded) for event in again)


def test_a_worker_tells_of_what_it_began(client, workers, cells):
    todo = cells(2, steps=8)
    on_worker(client, workers[0], tasks.render_chunk, wire.parcel_of(todo, Compute(), "told"))
    messages = [message for _, message in client.get_events("told")]
    assert {message["worker"] for message in messages} == {workers[0]}
    news = [entry for message in messages for entry in message["news"]]
    assert all(
        wire.event_of(entry, todo[entry["index"]]) is not None or entry["kind"] == "ended"
        for entry in news
    )
    assert any(entry["kind"] in ("started", "loaded") for entry in news)


def test_a_run_that_is_to_stop_makes_no_more_pictures(client, workers, cells):
    todo = cells(2)
    client.run(tasks.stop, "stopped", workers=[workers[0]])
    chunk = wire.parcel_of(todo, Compute(), "stopped")
    answer = on_worker(client, workers[0], tasks.render_chunk, chunk)
    assert pictures(wire.events_of(answer, todo)) == {}


def test_a_picture_that_is_no_longer_wanted_is_left_out(client, workers, cells):
    todo = cells(2)
    client.run(tasks.drop, "fewer", 7, [1], workers=[workers[0]])
    chunk = wire.parcel_of(todo, Compute(), "fewer", 7)
    answer = on_worker(client, workers[0], tasks.render_chunk, chunk)
    assert pictures(wire.events_of(answer, todo)).keys() == {0}


def test_a_worker_says_what_it_is(client):
    for text in client.run(tasks.facts).values():
        facts = json.loads(text)
        assert facts["device"] == "cpu"
        assert facts["dtype"] == "float32"
        assert facts["threads"] == 1


def test_workers_that_are_alike_differ_in_nothing(client, workers, cells):
    compute = Compute(exact=4)
    chunk = wire.parcel_of(cells(1, compute), compute)
    first, second = (on_worker(client, worker, tasks.check, chunk) for worker in workers)
    assert json.loads(first)["difference"] == ""
    assert len(json.loads(first)["canaries"]["0"]) == 64
    assert first == second


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda document: document["versions"].update(torch="1.13.1"), "the version of torch is"),
        (
            lambda document: document["models"][0].update(weights="ab" * 32),
            "the fingerprint of model 'shapes' is",
        ),
        (lambda document: document["models"][0].update(dtype="bfloat16"), "dtype of model"),
        (lambda document: document["compute"].update(device="cuda"), "device is cpu"),
        (lambda document: document["cells"][0].update(key="ab" * 32), "the key of cell 0 is"),
        (
            lambda document: document["cells"][0]["params"].update(model="/nowhere/model"),
            "/nowhere/model",
        ),
    ],
)
def test_a_worker_that_would_make_other_pictures_says_so_and_makes_none(
    client, workers, cells, change, difference
):
    todo = cells(1)
    chunk = wire.parcel_of(todo, Compute())
    document = json.loads(chunk.document)
    change(document)
    changed = wire.Parcel(json.dumps(document), chunk.blobs)
    said = json.loads(on_worker(client, workers[0], tasks.check, changed))
    assert difference in said["difference"]
    (event,) = wire.events_of(on_worker(client, workers[0], tasks.render_chunk, changed), todo)
    assert isinstance(event, Failed)
    assert difference in event.error
