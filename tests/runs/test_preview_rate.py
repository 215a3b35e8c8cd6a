"""Previews take a small share of the time, whatever one of them takes."""

from __future__ import annotations

import pytest

from dwlab.runs.preview_rate import LEAST_SECONDS, LONGEST_WAIT, SHARE, PreviewRate


class Clock:
    """Time that passes while previews are drawn, and between steps."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def drawn_of(pictures, *, steps, step_seconds, preview_seconds):
    """How often each picture was drawn; and the share of the time that this took."""
    clock = Clock()
    rate = PreviewRate(clock, processor=clock)
    drawn = dict.fromkeys(range(pictures), 0)

    def draw():
        clock.seconds += preview_seconds
        return "preview"

    for _ in range(steps):
        clock.seconds += step_seconds
        for index in range(pictures):
            drawn[index] += rate.make(index, draw) is not None
    took = sum(drawn.values()) * preview_seconds
    return list(drawn.values()), took / (clock.seconds - 100.0)


@pytest.mark.parametrize("pictures", [1, 16])
@pytest.mark.parametrize("preview_seconds", [0.001, 0.02, 0.5])
def test_previews_take_their_share_at_most_and_every_picture_gets_its_own(
    pictures, preview_seconds
):
    drawn, share = drawn_of(
        pictures, steps=12_000, step_seconds=0.1, preview_seconds=preview_seconds
    )
    assert share < 1.1 * SHARE + preview_seconds * pictures / 1200
    assert min(drawn) >= 1 and max(drawn) - min(drawn) <= 1


def test_cheap_previews_come_several_times_a_second_but_no_more():
    (count,), _ = drawn_of(1, steps=1000, step_seconds=0.01, preview_seconds=0.0001)
    assert 0.7 * 10 / LEAST_SECONDS < count <= 10 / LEAST_SECONDS + 1


def test_on_a_machine_that_is_busy_with_other_work_previews_wait_for_the_steps():
    clock, processor = Clock(), Clock()
    rate = PreviewRate(clock, processor=processor)
    drawn = []

    def draw():
        clock.seconds += 0.002
        processor.seconds += 0.002
        drawn.append(processor.seconds)
        return "preview"

    for _ in range(4000):
        clock.seconds += 0.1
        processor.seconds += 0.02
        rate.make(0, draw)
    assert 0.002 * len(drawn) < 1.2 * SHARE * (processor.seconds - 100.0)


def test_where_a_gpu_does_the_work_previews_still_come():
    clock, processor = Clock(), Clock()
    rate = PreviewRate(clock, processor=processor)

    def draw():
        clock.seconds += 0.005
        processor.seconds += 0.005
        return "preview"

    drawn = []
    for _ in range(100):
        clock.seconds += 1.0
        processor.seconds += 0.001
        drawn.append(rate.make(0, draw))
    assert drawn.count("preview") >= 100 / LONGEST_WAIT


def test_the_first_preview_which_loads_the_decoder_delays_none():
    clock = Clock()
    rate = PreviewRate(clock, processor=clock)

    def load():
        clock.seconds += 10
        return "first"

    assert rate.make(0, load) == "first"
    clock.seconds += LEAST_SECONDS
    assert rate.make(0, lambda: "second") == "second"
    assert rate.make(0, lambda: "too early") is None
