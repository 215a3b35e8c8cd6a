"""Runs parts one after the other, each in a process of its own; what is done is not done again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..._util.atomic import write_atomic
from ..._util.jsonfile import read_object
from ...errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .parts import Part

DONE = "done"
FAILED = "failed"
STOPPED = "stopped at its time limit"
NO_TIME = "no time was left"
# what ends a part with this process, however it ends
LEASH = "dwlab.bench.gpu.leash"
# bytes of what a part printed that are kept with its outcome
OUTPUT = 6000
# seconds that a part has to end by itself once it is told to
GRACE = 10.0


@dataclass(frozen=True)
class PartOutcome:
    """How a part ended. status: DONE, FAILED, STOPPED or NO_TIME. output: the end of what it printed."""

    part: str
    words: tuple[str, ...]
    status: str
    seconds: float = 0.0
    output: str = ""

    def line(self) -> str:
        """The outcome in a line, with the last line that a part printed if it failed."""
        text = f"{self.part}: {self.status}"
        if self.seconds:
            text += f", {self.seconds:.0f} s"
        printed = self.output.strip().splitlines()
        if self.status == FAILED and printed:
            text += f": {printed[-1]}"
        return text


def run_parts(
    parts: Sequence[Part],
    folder: Path,
    *,
    seconds: float,
    on_outcome: Callable[[PartOutcome], None] | None = None,
) -> list[PartOutcome]:
    """Run the parts that are not done yet, for so many seconds in all; returns how each of them ended.

    A part that would have to be cut because the time is over is not begun: the next call does that.
    Outcomes are kept in `folder`, so that a part that is done is not run again unless its command
    changed. on_outcome: told of each one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + seconds
    outcomes = []
    for part in parts:
        outcome = _done_before(part, folder)
        if outcome is None and time.monotonic() + part.limit > ends:
            outcome = PartOutcome(part.name, part.words, NO_TIME)
        if outcome is None:
            outcome = _run(part, folder)
            document = json.dumps(asdict(outcome), indent=1)
            write_atomic(_outcome_file(part, folder), document.encode())
        outcomes.append(outcome)
        if on_outcome:
            on_outcome(outcome)
    return outcomes


def _outcome_file(part: Part, folder: Path) -> Path:
    return folder / f"part-{part.name}.json"


def _done_before(part: Part, folder: Path) -> PartOutcome | None:
    """The outcome of an earlier call that finished this very part; None without one."""
    try:
        known = read_object(_outcome_file(part, folder))
    except ModelError:
        return None
    is_same = known.get("status") == DONE and known.get("words") == list(part.words)
    if not is_same or (part.result and not part.result.exists()):
        return None
    return PartOutcome(part.name, part.words, DONE, known["seconds"], known["output"])


def _run(part: Part, folder: Path) -> PartOutcome:
    log = folder / f"part-{part.name}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # dwlab or its tests
            [sys.executable, "-m", LEASH, *part.words],
            # the part ends when nobody holds the other end any longer
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # a group of its own, so that whatever it started is stopped with it
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            status = DONE if process.wait(part.limit) == 0 else FAILED
        except subprocess.TimeoutExpired:
            status = STOPPED
        finally:
            _stop(process)
    text = log.read_bytes()[-OUTPUT:].decode("utf-8", "replace")
    return PartOutcome(part.name, part.words, status, time.monotonic() - began, text)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process and all that it started: as Ctrl-C does first, which lets it tidy up."""
    if process.poll() is None:
        _send(process, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    _send(process, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    # there may be nobody left
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
