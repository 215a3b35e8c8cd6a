"""Urgent cells pass patient ones on a device, and those that come late join those under way."""

from __future__ import annotations

import threading

import pytest
from counting import Rows

from dwlab.models import loading
from dwlab.render.joining import Joining
from dwlab.render.lane import Lane
from dwlab.render.renderer import render
from dwlab.runs.resolve import identify_all, resolve
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams

CPU = Compute("cpu")
SMALL = {"width": 64, "height": 64}


@pytest.fixture
def lane():
    lane = Lane()
    lane.start()
    yield lane
    lane.end()


def resolved(*prompts, start=0, **more):
    params = [GenerationParams(prompt, seed=1, **SMALL, **more) for prompt in prompts]
    return resolve(params, identify_all(params, CPU), start=start)


def pictures(events):
    return {event.index: event.result.image for event in events if event.kind == "done"}


def urgent_while_patient(lane, patient, urgent, at_step):
    """The events of a patient rendering and of an urgent one that is asked for at a step, in their order."""
    order = []
    asked = threading.Event()

    def ask():
        asked.wait()
        for event in lane.render(urgent, compute=CPU):
            order.append(("urgent", event))  # noqa: PERF401  # both threads add to it

    thread = threading.Thread(target=ask)
    thread.start()
    for event in lane.render_patiently(patient, compute=CPU):
        order.append(("patient", event))
        if event.kind == "step" and event.step == at_step:
            asked.set()
    thread.join()
    return order


def test_urgent_cells_pass_patient_ones_which_go_on_where_they_were(lane):
    patient = resolved("a red circle", "a blue star", steps=60)
    urgent = resolved("a green heart", steps=2)
    order = urgent_while_patient(lane, patient, urgent, at_step=2)
    ends = [who for who, event in order if event.kind == "done"]
    assert ends == ["urgent", "patient", "patient"]
    begun = [event for who, event in order if who == "patient" and event.kind == "started"]
    assert len(begun) == 2, "none was begun anew"
    undisturbed = pictures(render(patient, compute=CPU))
    disturbed = pictures(event for who, event in order if who == "patient")
    assert disturbed == undisturbed


def test_what_finds_no_room_beside_a_patient_rendering_comes_before_it(lane, monkeypatch):
    monkeypatch.setattr(loading, "has_room", lambda _: False)
    patient = resolved("a red circle", "a blue star", steps=60)
    order = urgent_while_patient(lane, patient, resolved("a green heart", steps=2), at_step=2)
    assert [who for who, event in order if event.kind == "done"] == ["urgent", "patient", "patient"]
    begun = [event for who, event in order if who == "patient" and event.kind == "started"]
    assert len(begun) == 4, "both were begun anew"


def test_patient_cells_go_on_while_urgent_ones_keep_coming(lane):
    patient = resolved("a red circle", steps=30)
    over = threading.Event()
    served = []

    def keep_asking():
        while not over.is_set():
            served.append(pictures(lane.render(resolved("a star", steps=1), compute=CPU)))

    thread = threading.Thread(target=keep_asking)
    thread.start()
    made = pictures(lane.render_patiently(patient, compute=CPU))
    over.set()
    thread.join()
    assert made.keys() == {0} and served


def test_a_rendering_that_is_cancelled_leaves_the_lane_to_others(lane):
    cancel = threading.Event()
    for event in lane.render_patiently(
        resolved("a red circle", steps=150), compute=CPU, cancel=cancel
    ):
        if event.kind == "step":
            cancel.set()
    assert pictures(lane.render(resolved("a star", steps=1), compute=CPU)).keys() == {0}


def test_cells_that_come_late_share_forwards_with_those_under_way():
    early = resolved("a red circle", steps=40)
    late = resolved("a blue star", start=1, steps=20)
    other_size = resolved("a green ring", start=2, steps=2)[0]
    other_size = resolve(
        [other_size.params.replace(width=72)],
        {other_size.params.choice: other_size.identity},
        start=2,
    )[0]
    joining = Joining()
    events = []
    model = loading.load_identified(early[0].identity)
    with Rows(model.pipeline.unet) as rows:
        for event in render(early, compute=CPU, joining=joining):
            events.append(event)
            if event.kind == "step" and event.step == 3 and event.index == 0:
                joining.add([*late, other_size])
    made = pictures(events)
    assert made.keys() == {0, 1, 2}
    assert max(rows) == 4, "two pictures with guidance"
    ends = [event.index for event in events if event.kind == "done"]
    assert ends.index(1) < ends.index(2), "another size comes afterwards"
