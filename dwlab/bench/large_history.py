"""A prompt bench with a long history: writes one, and measures how fast it is searched and paged.

`python -m dwlab.bench.large_history FOLDER PICTURES` prints seconds; the folder is filled if it is
new. Every tenth picture has stars, every fiftieth a note, and each run has four pictures.
"""

from __future__ import annotations

import hashlib
import io
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.timestamp import from_seconds
from ..spec.params import GenerationParams
from ..store.cells import CellRow, write_row
from ..store.database import STORE_FILE
from ..store.experiments import Member
from ..store.history_index import HistoryRun, enter_run
from ..store.history_search import HistoryFilter
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "explore"  # the experiment of the prompt bench
PER_RUN = 4
PICTURES_AT_ONCE = 10_000  # per transaction
FIRST_SECOND = 1_760_000_000.0  # since the beginning of 1970
SECONDS_BETWEEN = 60
PAGE = 100  # pictures
SIDE = 64  # pixels
SUBJECTS = ("circle", "square", "star", "triangle", "ring")
COLOURS = ("red", "green", "blue", "yellow", "cyan", "magenta", "black", "white", "gray", "orange")
PLACES = ("at the left", "at the right", "in the middle of a wide field, seen from far above")

FILTERS = {
    "search a word that many prompts have": HistoryFilter(text="star"),
    "search words that one prompt has": HistoryFilter(text="number 1234"),
    "search a word of notes": HistoryFilter(text="soft"),
    "four stars, one model, one size": HistoryFilter(stars=4, model="shapes", size=(64, 64)),
    "one day": HistoryFilter(since="2025-10-20", until="2025-10-21"),
    "hidden ones": HistoryFilter(hidden=True),
}


def fill(root: Path, pictures: int) -> None:
    """Write a history of that many pictures to a results folder."""
    with Store(root) as store:
        store.experiments.enter(NAME, {"name": NAME})
        members = [Member(number, _key(number), "{}") for number in range(pictures)]
        store.experiments.set_members(NAME, {"name": NAME}, members)
        for first in range(0, pictures, PICTURES_AT_ONCE):
            numbers = range(first, min(first + PICTURES_AT_ONCE, pictures))
            with store.file.transaction() as sql:
                for number in numbers:
                    write_row(sql, _row(root, number), NAME)
                for start in numbers[::PER_RUN]:
                    run = range(start, min(start + PER_RUN, pictures))
                    enter_run(sql, NAME, [_key(number) for number in run], HistoryRun(along="seed"))
        store.history.update_index(NAME)
        keys = [_key(number) for number in range(pictures)]
        store.history.give_marks(NAME, keys[::10], "stars", 4)
        store.history.give_marks(NAME, keys[::50], "note", "the one with the soft edge")


def _key(number: int) -> str:
    return hashlib.sha256(f"history {number}".encode()).hexdigest()


def _row(root: Path, number: int) -> CellRow:
    run = number // PER_RUN
    colour = COLOURS[run % len(COLOURS)]
    subject = SUBJECTS[run % len(SUBJECTS)]
    place = PLACES[run % len(PLACES)]
    recipe = GenerationParams(
        prompt=f"a large {colour} {subject} {place}, number {run}",
        model="shapes" if run % 3 else "sd15",
        steps=5 + run % 20,
        seed=number,
        width=SIDE if run % 2 else 2 * SIDE,
        height=SIDE,
    )
    png = _png(number)
    digest = hashlib.sha256(png).hexdigest()
    image = f"images/{digest[:2]}/{digest}.png"
    path = root / image
    path.parent.mkdir(parents=True, exist_ok=True)
    # not flushed one by one: nothing is lost if this folder is
    path.write_bytes(png)
    return CellRow(
        key=_key(number),
        params=recipe.canonical(),
        weights="0" * 64,
        dtype="float32",
        device="cpu",
        status="ok",
        image=image,
        pixels=digest,
        bytes=len(png),
        created=from_seconds(FIRST_SECOND + SECONDS_BETWEEN * number),
    )


def _png(number: int) -> bytes:
    from PIL import Image, ImageDraw

    red, green, blue, left, top, *_ = bytes.fromhex(_key(number))
    picture = Image.new("RGB", (SIDE, SIDE), (red, green, blue))
    corner = (left % (SIDE // 2), top % (SIDE // 2))
    ImageDraw.Draw(picture).ellipse((*corner, corner[0] + 24, corner[1] + 24), fill="white")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def measure(root: Path) -> Iterator[tuple[str, float]]:
    """What a prompt bench does with its history, and the seconds that each thing takes."""
    yield "open: list all, and read the first page", _seconds(lambda: _open(root))
    with Store(root, read=True) as store:
        history = store.history
        listed = history.search(NAME)
        middle = len(listed.positions) // 2
        page = listed.positions[middle : middle + PAGE]
        yield "a page in the middle", _seconds(lambda: history.entries(NAME, page))
        for text, chosen in FILTERS.items():
            yield text, _seconds(partial(history.search, NAME, chosen))


def _open(root: Path) -> None:
    with Store(root, read=True) as store:
        store.history.is_behind(NAME)
        store.history.choices(NAME)
        listed = store.history.search(NAME, by_run=True)
        store.history.entries(NAME, listed.positions[:PAGE])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if not (folder / STORE_FILE).exists():
        fill(folder, int(sys.argv[2]))
    for work, seconds in measure(folder):
        print(f"{seconds:8.3f} s  {work}")
