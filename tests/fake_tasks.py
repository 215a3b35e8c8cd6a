"""Chunks whose pictures cost nothing, made on real workers: what goes wrong is in the prompts."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import get_worker
from PIL import Image

from dwlab.cluster import wire
from dwlab.events import Done, Started
from dwlab.pictures.picture import Picture
from dwlab.spec.params import GenerationParams

if TYPE_CHECKING:
    from collections.abc import Mapping

# how long a picture takes: the steps of its recipe, in hundredths of a second
SECONDS_PER_STEP = 0.01


def make(document: str, blobs: Mapping[str, bytes]) -> wire.Answer:
    """Make the pictures of a chunk; words of prompts say what happens instead.

    `dies` ends the worker, `memory` runs out of it, `raises` raises. `dies-once:FILE` and
    `sleeps:FILE` make that file and do so the first time only. Each cell that is begun adds a line
    to the file that the environment names, and does what files of a folder there say.
    """
    values = json.loads(document)
    events = []
    for cell in values["cells"]:
        params = GenerationParams(**cell["params"])
        note(cell["position"])
        for fault, happen in FAULTS.items():
            if taken(fault):
                happen()
        for word in params.prompt.split():
            befall(word)
        time.sleep(SECONDS_PER_STEP * params.steps)
        events += [
            Started(cell["position"], params),
            Done(cell["position"], params, picture(cell["key"], params, values)),
        ]
    return wire.answer_of(events)


def cannot_be_asked(document: str, blobs: Mapping[str, bytes]) -> str:
    """What a worker without dwlab answers."""
    raise ImportError("no dwlab here")


def dies_of_the_question(document: str, blobs: Mapping[str, bytes]) -> str:
    """A worker that dies when it is asked for its first picture."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def hangs_at_the_question(document: str, blobs: Mapping[str, bytes]) -> str:
    """A worker that is asked for its first picture and does not answer."""
    hang()
    return ""


def picture(key: str, params: GenerationParams, values: dict) -> Picture:
    """A small picture that its key determines."""
    red, green, blue, *_ = hashlib.sha256(key.encode()).digest()
    return Picture(
        params=params,
        image=Image.new("RGB", (8, 8), (red, green, blue)),
        key=key,
        weights=values["models"][0]["weights"],
        device="cpu",
        dtype="float32",
        seconds=0.01,
        device_seconds=0.01,
        nan=0.5 if "nan" in params.prompt else 0.0,
    )


def note(position: int) -> None:
    """Write down that a cell is begun."""
    if path := os.environ.get("DWLAB_TEST_BEGUN"):
        with Path(path).open("a") as file:
            file.write(f"{position}\n")


def befall(word: str) -> None:
    """What a word of a prompt does to its worker."""
    what, _, name = word.partition(":")
    if what == "dies" or (what == "dies-once" and not is_repeated(Path(name))):
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "memory":
        run_out_of_memory()
    elif what == "raises":
        raise_something()
    elif what == "sleeps" and not is_repeated(Path(name)):
        time.sleep(10)


def run_out_of_memory() -> None:
    raise MemoryError


def raise_something() -> None:
    raise ValueError("as it was told to")


def hang() -> None:
    time.sleep(60)


def shift_clock() -> None:
    """Make the clock of this worker wrong by days."""
    right = time.time
    days = random.choice((-3, 2)) * 86400
    time.time = lambda: right() + days


def cut_off() -> None:
    """Cut the connection to the scheduler."""
    worker = get_worker()
    worker.loop.add_callback(worker.batched_stream.comm.abort)


FAULTS = {
    "memory": run_out_of_memory,
    "raise": raise_something,
    "hang": hang,
    "clock": shift_clock,
    "cut worker": cut_off,
}


def taken(fault: str) -> bool:
    """Whether a test wants this to happen, and no other worker did it."""
    folder = os.environ.get("DWLAB_TEST_FAULTS")
    if not folder:
        return False
    try:
        Path(folder, fault).unlink()
    except FileNotFoundError:
        return False
    return True


def is_repeated(path: Path) -> bool:
    """Whether this was asked before."""
    if path.exists():
        return True
    path.touch()
    return False
