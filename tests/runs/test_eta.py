"""The progress of a run and the time left, measured in rows from the end of the first forward, with an injected clock."""

from __future__ import annotations

import io
import os

import pytest

from dwlab.events import Done, Failed, Started, Step
from dwlab.runs.eta import Pace
from dwlab.runs.work import Work
from dwlab.spec.model_choice import ModelChoice
from dwlab.spec.params import GenerationParams
from dwlab.views.progress import Progress
from dwlab.workflows.runlog import RunLog


class Clock:
    """A clock that only moves when a test moves it."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


def params(steps=10, **more):
    return GenerationParams("a star", steps=steps, guidance=3.0, width=64, height=64, **more)


@pytest.fixture
def clock():
    return Clock()


def event(kind, index, step=0, steps=10):
    cell = params(steps)
    if kind == "started":
        return Started(index, cell)
    if kind == "step":
        return Step(index, cell, step, steps)
    return Done(index, cell, None) if kind == "done" else Failed(index, cell, "it failed")


def packed(pace, clock, count, *, steps=10, load=0.0, first=1.0, each=1.0, together=4, most=10**9):
    """Pictures, `together` at a time, that share forwards; returns the time left after each event."""
    lefts = []

    def tell(kind, index, step=0):
        if len(lefts) < most:
            pace.update(event(kind, index, step, steps))
            lefts.append(getattr(pace, "pace", pace).left)

    clock.time += load
    for start in range(0, count, together):
        group = range(start, start + together)
        for index in group:
            tell("started", index)
        for step in range(1, steps + 1):
            clock.time += first if step == 1 and start == 0 else each
            for index in group:
                tell("step", index, step)
        for index in group:
            tell("done", index)
    return lefts


def test_loading_and_the_first_forward_do_not_count_in_the_estimate(clock):
    """A model that loads for ten minutes, then compiles for one, then takes a second per forward."""
    pace = Pace(Work.of([params()] * 8), now=clock)
    lefts = packed(pace, clock, 8, load=600, first=60)
    estimates = [left for left in lefts if left is not None]
    assert estimates, "an estimate comes"
    assert max(estimates) <= 18.0, (
        "20 forwards in all, one of which is over before the first estimate"
    )
    assert lefts[-1] == 0.0


def test_events_that_come_in_bursts_do_not_change_the_estimate(clock):
    """At the first event of a forward one picture of four has taken its step: the others are not slow."""
    began = clock.time

    class Checked(Pace):
        def update(self, event):
            super().update(event)
            if self.left is not None:
                assert abs(self.left - (100 - (clock.time - began))) <= 1.0

    packed(Checked(Work.of([params()] * 40), now=clock), clock, 40)


def test_before_the_first_forward_the_estimate_is_the_plans_or_none(clock):
    known = Work.of([params()] * 4, {ModelChoice("shapes"): 1e-5})
    assert known.in_seconds and Pace(known, now=clock).left == pytest.approx(
        4 * 10 * 2 * 64 * 64 * 1e-5
    )
    unknown = Pace(Work.of([params()] * 4), now=clock)
    clock.time += 600
    unknown.update(event("started", 0))
    assert unknown.left is None and unknown.left_text() == ""


def test_loading_another_model_during_a_run_does_not_count_in_the_estimate(clock):
    pace = Pace(Work.of([params()] * 8), now=clock)
    packed(pace, clock, 4)
    clock.time += 3600
    for index in range(4, 8):
        pace.update(event("started", index))
    assert pace.left == pytest.approx(10.0)


def test_pictures_of_other_sizes_and_settings_count_by_what_they_cost(clock):
    small, large = params(), params().replace(width=128, height=128)
    work = Work.of(
        [
            small,
            large,
            params(steps=20),
            small.replace(guidance=1.0),
            small.replace(scheduler="Heun"),
        ]
    )
    assert list(work.rows.values()) == [20, 20, 40, 10, 38]
    assert [cost / work.costs[0] for cost in work.costs.values()] == [1, 4, 2, 0.5, 1.9]


def test_rows_are_counted_while_no_picture_is_finished(clock):
    pace = Pace(Work.of([params()] * 8), now=clock)
    packed(pace, clock, 8, most=4 + 4 * 5)
    assert pace.counts() == "0/8 pictures, 40/160 rows" and pace.share == 0.25
    assert Pace(3).counts("measurements") == "0/3 measurements", "what is no picture has no rows"


def test_failed_pictures_count_as_finished_work(clock):
    pace = Pace(Work.of([params()] * 2), now=clock)
    for kind, step in (("started", 0), ("step", 3), ("failed", 0)):
        pace.update(event(kind, 0, step))
    assert (pace.finished, pace.failed, pace.share) == (1, 1, 0.5)
    assert pace.counts() == "1/2 pictures, 1 failed, 20/40 rows"


def test_one_picture_after_the_other_and_single_steps_are_measured_too(clock):
    for steps in (1, 5):
        pace = Pace(Work.of([params(steps)] * 10), now=clock)
        packed(pace, clock, 5, steps=steps, together=1, first=30, load=100)
        assert pace.left == pytest.approx(5 * steps, rel=0.35), steps


def test_measurements_that_have_no_steps_are_estimated_by_those_that_are_over(clock):
    pace = Pace(10, now=clock)
    for index in range(5):
        pace.update(event("started", index))
        clock.time += 7
        pace.update(event("done", index))
    assert pace.left == pytest.approx(35)


def test_nothing_to_do_is_done():
    assert Pace(0).share == 1.0 and Pace(Work.of([])).share == 1.0


def lines_of(clock, *, terminal):
    out = Terminal() if terminal else io.StringIO()
    with Progress(Pace(Work.of([params()] * 8), now=clock), stream=out, every=0) as progress:
        packed(progress, clock, 8, load=600, first=60)
    return out.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_lines_show_rows_and_an_estimate_without_a_stray_comma(clock, terminal):
    text = lines_of(clock, terminal=terminal)
    lines = [line for line in text.replace("\r", "\n").splitlines() if line.strip()]
    assert "8/8 pictures, 160/160 rows" in lines[-1] and lines[-1].rstrip().endswith("finished")
    assert not any(", ," in line or line.rstrip().endswith(",") or "| ," in line for line in lines)
    assert not any(" h " in line.split("elapsed")[-1] for line in lines)
    if not terminal:
        assert lines[0] == "0%: 0/8 pictures, 0/160 rows, 10 min 00 s elapsed"
        assert "1%: 0/8 pictures, 2/160 rows, 11 min 00 s elapsed" in lines
        assert any(line.endswith("elapsed, about 15 s left") for line in lines)


def test_the_log_of_a_run_shows_the_same_estimate(clock, tmp_path):
    log = RunLog(tmp_path / "run.log")
    log.start(12, Pace(Work.of([params()] * 8), now=clock))
    for step in range(1, 4):
        for index in range(8):
            clock.time += 31 if index == 0 else 0
            log.event(event("step", index, step))
    lines = [line.partition(" ")[2] for line in log.path.read_text().splitlines()]
    assert lines[0] == "start: 12 cells, 8 to do"
    assert lines[1:] == [
        "progress: 0/8 pictures, 2/160 rows",
        "progress: 0/8 pictures, 18/160 rows",
        "progress: 0/8 pictures, 34/160 rows, about 4 min 04 s left",
    ]


END = "that was all"


def everything_written(descriptor, terminal):
    """What `terminal` was sent, read at the other end while both are open.

    Once one end is closed, what was not read yet may be lost.
    """
    terminal.write(END)
    terminal.flush()
    written = b""
    while END.encode() not in written:
        written += os.read(descriptor, 10_000)
    return written.decode().removesuffix(END)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="a system without pseudo-terminals")
@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 100), (40, 0), (40, 100)])
def test_a_terminal_that_does_not_know_its_size_shows_the_bar_too(clock, rows, columns):
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123  # a descriptor
        with Progress(Pace(Work.of([params()] * 2), now=clock), stream=terminal, every=0):
            pass
        drawn = everything_written(ours, terminal)
    os.close(ours)
    first = drawn.lstrip("\r").split("\r")[0]
    assert first.startswith("  0%") and "0/2 pictures" in first
    assert "stopped" not in drawn and "finished" in drawn


def test_when_all_rows_are_done_no_time_left_is_shown(clock):
    pace = Pace(Work.of([params()] * 2), now=clock)
    for step in range(1, 11):
        clock.time += 1
        pace.update(event("step", 0, step))
        pace.update(event("step", 1, step))
    assert pace.finished < 2 and pace.share == 1
    assert pace.left_text() == ""
