"""The pictures of the run under way, as the prompt bench shows them while they form."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..._util.html import data_uri
from ...events import Failed
from ...pictures import recipes
from ...pictures.picture import Picture
from ...runs.keep import Reused
from ...runs.preview_rate import PreviewRate
from ..small_pictures import BYTES_LIMIT, png, small_jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PIL import Image

    from ...events import Done, Step
    from ...spec.params import GenerationParams

PICTURE_SIDE = 512  # pixels, at most
LOSSLESS_SIDE = 256  # pixels; larger pictures are sent as a JPEG
FROM_THE_STORE = "from the store"
VARIED = "base"


@dataclass(frozen=True)
class StageTile:
    """One picture on the stage.

    text: its recipe on one line. facts: the same in words, by name. state: waiting, forming, done,
    failed or stopped. src: its address. sides: width and height in pixels, as far as they are
    known. is_copy: whether `src` holds less than the picture's file. note: what else is said of it.
    """

    text: str
    facts: dict[str, str] = field(default_factory=dict)
    state: str = "waiting"
    src: str = ""
    sides: tuple[int, int] | None = None
    is_copy: bool = False
    key: str = ""
    note: str = ""


class Stage:
    """The tiles of one run, in the order of its recipes. A sweep has no recipes here.

    base: the key of the picture whose neighbours they are; empty if there is none.
    """

    def __init__(self, params: Iterable[GenerationParams] = (), base: str = "") -> None:
        self._base = base
        self._tiles = [_tile(recipe.as_dict()) for recipe in params]
        self._last_steps: dict[int, Step] = {}  # of the pictures that form
        self._rate = PreviewRate()

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def forming(self) -> dict[int, Step]:
        """The last step of each picture that forms, by the number of its tile."""
        return dict(self._last_steps)

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
            self._tiles[event.index] = self._done(tile, event.result)

    def _done(self, tile: StageTile, picture: object) -> StageTile:
        if not isinstance(picture, Reused | Picture):
            raise TypeError(f"a picture was expected, not {picture!r}")
        note = FROM_THE_STORE if isinstance(picture, Reused) else ""
        if picture.key == self._base:
            note = VARIED
        shown = _with_picture(tile, picture.key, picture.image)
        return replace(shown, note=picture.warning or note)

    def stop(self) -> None:
        """Leave every picture that is not done as it is, marked with how far it came."""
        last_steps = self.forming
        self._draw_previews()
        self._last_steps.clear()
        for index, tile in enumerate(self._tiles):
            if tile.state in ("waiting", "forming"):
                note = _stopped_note(last_steps.get(index))
                self._tiles[index] = replace(tile, state="stopped", note=note)

    @property
    def is_unfinished(self) -> bool:
        """Whether a picture still waits or forms."""
        return any(tile.state in ("waiting", "forming") for tile in self._tiles)

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to see or to say of a picture."""
        return bool(self._last_steps) or any(tile.state != "waiting" for tile in self._tiles)

    @property
    def all_from_store(self) -> bool:
        """Whether there are pictures, and none of them had to be made."""
        notes = {tile.note for tile in self._tiles}
        return notes == {FROM_THE_STORE}

    def for_page(self) -> list[dict[str, object]]:
        """The tiles as the page takes them, with a preview of each picture that forms."""
        self._draw_previews()
        return [asdict(tile) for tile in self._tiles]

    def _draw_previews(self) -> None:
        for index, event in self._last_steps.items():
            tile = self._tiles[index]
            address = self._rate.make(index, functools.partial(_preview_address, event))
            self._tiles[index] = replace(tile, state="forming", src=address or tile.src)


def stored_tile(params: Mapping[str, Any], key: str, image: Image.Image) -> dict[str, object]:
    """The tile of a picture of the store, as the page takes it. params: its recipe."""
    return asdict(_with_picture(_tile(params), key, image))


def _tile(params: Mapping[str, Any]) -> StageTile:
    facts = recipes.facts(params)
    sides = None
    if params.get("width") and params.get("height"):
        sides = (params["width"], params["height"])
        facts["size"] = f"{sides[0]} × {sides[1]}"
    return StageTile(recipes.line(params), facts, sides=sides)


def _preview_address(event: Step) -> str:
    """The address of a preview; empty if there is none."""
    preview = event.preview() if event.preview else None
    return data_uri(png(preview), "png") if preview else ""


def _stopped_note(step: Step | None) -> str:
    return f"stopped at step {step.step} of {step.steps}" if step else "not started"


def _with_picture(tile: StageTile, key: str, image: Image.Image) -> StageTile:
    src, is_copy = _address(image)
    return replace(tile, state="done", key=key, src=src, sides=image.size, is_copy=is_copy)


def _address(image: Image.Image) -> tuple[str, bool]:
    """A picture as an address that holds it, and whether that is less than its file."""
    if max(image.size) <= LOSSLESS_SIDE:
        data = png(image)
        if len(data) <= BYTES_LIMIT:
            return data_uri(data, "png"), False
    return data_uri(small_jpeg(image, side=PICTURE_SIDE), "jpeg"), True
