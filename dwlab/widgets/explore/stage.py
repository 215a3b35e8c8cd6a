"""The pictures of the run under way, as the prompt bench shows them while they form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ..._util.html import data_uri
from ...events import Failed
from ...pictures import recipes
from ...pictures.picture import Picture
from ...runs.keep import Reused
from ..small_pictures import png, small_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...events import Done, Step
    from ...spec.params import GenerationParams

PICTURE_SIDE = 512  # pixels, at most
FROM_THE_STORE = "from the store"


@dataclass(frozen=True)
class StageTile:
    """One picture on the stage. state: waiting, forming, done or failed; src: its address."""

    text: str
    state: str = "waiting"
    src: str = ""
    key: str = ""
    note: str = ""


class Stage:
    """The tiles of one run, in the order of its recipes. A sweep has no recipes here."""

    def __init__(self, params: Iterable[GenerationParams] = ()) -> None:
        self._tiles = [StageTile(recipes.line(recipe.as_dict())) for recipe in params]
        self._last_steps: dict[int, Step] = {}  # of the pictures that form

    def __len__(self) -> int:
        return len(self._tiles)

    def step(self, event: Step) -> None:
        """Take in a step of a picture; it is drawn by the next `for_page`."""
        self._last_steps[event.index] = event

    def finish(self, event: Done | Failed) -> None:
        """Take in the end of a picture, good or bad."""
        self._last_steps.pop(event.index, None)
        tile = self._tiles[event.index]
        if isinstance(event, Failed):
            self._tiles[event.index] = replace(tile, state="failed", note=event.error)
        else:
            self._tiles[event.index] = _done(tile, event.result)

    def keep_done(self) -> None:
        """Take off every picture that is not done."""
        self._last_steps.clear()
        self._tiles = [tile for tile in self._tiles if tile.state == "done"]

    @property
    def is_unfinished(self) -> bool:
        """Whether a picture still waits or forms."""
        return any(tile.state in ("waiting", "forming") for tile in self._tiles)

    @property
    def all_from_store(self) -> bool:
        """Whether there are pictures, and none of them had to be made."""
        notes = {tile.note for tile in self._tiles}
        return notes == {FROM_THE_STORE}

    def for_page(self) -> list[dict[str, object]]:
        """The tiles as the page takes them, with a preview of each picture that forms."""
        for index, event in self._last_steps.items():
            self._tiles[index] = _forming(self._tiles[index], event)
        return [asdict(tile) for tile in self._tiles]


def _forming(tile: StageTile, event: Step) -> StageTile:
    preview = event.preview() if event.preview else None
    src = data_uri(png(preview), "png") if preview else ""
    return replace(tile, state="forming", src=src)


def _done(tile: StageTile, picture: object) -> StageTile:
    if not isinstance(picture, Reused | Picture):
        raise TypeError(f"a picture was expected, not {picture!r}")
    reused = FROM_THE_STORE if isinstance(picture, Reused) else ""
    return replace(
        tile,
        state="done",
        src=data_uri(small_jpeg(picture.image, side=PICTURE_SIDE), "jpeg"),
        key=picture.key,
        note=picture.warning or reused,
    )
