"""Progress: one bar on a terminal, few lines in a log."""

from __future__ import annotations

import io

import pytest

from dwlab.events import Done, Event, Failed, Started, Step
from dwlab.runs.eta import Pace
from dwlab.spec.params import GenerationParams
from dwlab.views.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def events(count: int, steps: int, *, fail: int = -1) -> list[Event]:
    params = GenerationParams(prompt="a star")
    found = []
    for index in range(count):
        found.append(Started(index, params))
        found += [Step(index, params, s + 1, steps) for s in range(steps)]
        found.append(
            Failed(index, params, "it failed") if index == fail else Done(index, params, None)
        )
    return found


def test_a_log_gets_few_lines_and_a_last_one():
    log = io.StringIO()
    with Progress(Pace(100), stream=log, every=3600) as progress:
        for event in events(100, 50, fail=7):
            progress.update(event)
    assert log.getvalue().splitlines()[0].startswith("100%: 100/100 pictures, 1 failed, ")
    assert len(log.getvalue().splitlines()) == 1
    assert "\r" not in log.getvalue() and "\x1b" not in log.getvalue()


def test_a_log_line_estimates_the_time_left_and_an_interruption_is_said():
    log = io.StringIO()

    def interrupted():
        with Progress(Pace(4), stream=log, every=0) as progress:
            for event in events(2, 1):
                progress.update(event)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    lines = log.getvalue().splitlines()
    assert lines[-2].startswith("50%: 2/4 pictures, ") and lines[-2].endswith(" left")
    assert lines[-1].endswith("stopped")


def test_steps_count_as_fractions_of_a_picture():
    pace = Pace(4)
    for event in events(2, 10)[:-6]:  # the second picture is half done
        pace.update(event)
    assert pace.share == pytest.approx(1.5 / 4)
    assert pace.finished == 1


def test_a_terminal_gets_one_bar():
    terminal = Terminal()
    with Progress(Pace(3), stream=terminal) as progress:
        for event in events(3, 10, fail=1):
            progress.update(event)
    drawn = terminal.getvalue()
    assert drawn.count("\n") == 1 and "100%" in drawn and "3/3 pictures, 1 failed" in drawn


def test_what_is_measured_after_the_last_picture_is_said():
    for stream in (io.StringIO(), Terminal()):
        with Progress(Pace(1), stream=stream, every=0) as progress:
            for event in events(1, 1):
                progress.update(event)
            progress.note("clip_score of 32/1,152")
        assert "clip_score of 32/1,152" in stream.getvalue()
