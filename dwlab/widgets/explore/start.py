"""The picture that runs of the prompt bench start from, and the mask that is painted on it."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..._util.html import data_uri
from ...errors import DwlabError, InvalidInput
from ...pictures.inputs import Inputs, canonical, decode, read_file, stored
from ...pictures.recipes import FILE_LIMIT
from ...spec.inputs import NUMBERS, PICTURES, HeldPicture, digest_of
from ..small_pictures import png, small_jpeg
from .stage import PICTURE_SIDE
from .start_offer import start_offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from PIL import Image

    from ...spec.params import GenerationParams
    from .explorer import Explorer

MASK_SIDE = 768  # pixels of the longer side, as the page paints it
VIEWS_LIMIT = 20  # pictures whose small versions are remembered
READING = "The picture is being read."


@dataclass(frozen=True)
class View:
    """A stored picture as the page shows it. size: its width and height in pixels, or None if it is gone."""

    reference: str
    src: str = ""
    size: tuple[int, int] | None = None


class StartPicture:
    """Keeps the start picture and its mask in the results folder, and knows them by their hashes.

    The page sees them in the bench's trait `start`, which only the kernel changes.
    """

    def __init__(self, bench: Explorer, root: Path) -> None:
        self._bench = bench
        self._root = root
        self._image = ""
        self._mask = ""
        self._views: dict[str, View] = {}
        # Counts the changes of the start picture: one that was read too late is not used.
        self._turn = 0
        self._reader: threading.Thread | None = None
        self._is_reading = False
        self._complaint = ""

    # -- what it is ----------------------------------------------------------------------------

    @property
    def references(self) -> dict[str, str]:
        """The picture and its mask as recipes name them; empty texts if there are none."""
        return {"image": self._image, "mask": self._mask}

    @property
    def is_used(self) -> bool:
        """Whether there is a start picture, and the model takes one."""
        return bool(self._image) and "image" not in self._off

    @property
    def _off(self) -> list[str]:
        model = str(self._bench.controls.get("model"))
        return start_offer(model, masked=bool(self._mask)).off

    def completed(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a recipe with the pictures, and without what means nothing to the model."""
        off = self._off
        pictures = {name: self.references[name] for name in PICTURES if name not in off}
        image = pictures.get("image")
        mask = pictures.get("mask") if image else None
        kept = dict(arguments)
        for name in NUMBERS:
            needed = image if name == "strength" else mask
            if not needed or name in off:
                kept.pop(name, None)
        if image:
            kept["image"] = image
        if mask:
            kept["mask"] = mask
        return kept

    def problems(self) -> dict[str, str]:
        """What keeps a run from starting, by the name of the field."""
        if self._is_reading:
            return {"image": READING}
        problems = {}
        for name, reference in self.completed({}).items():
            if self._view(name).size is None:
                short = reference[:20]
                problems[name] = (
                    f"The picture {short}… is not in the results folder. Choose one, or remove it."
                )
        return problems

    def for_page(self) -> dict[str, object]:
        """The trait `start`."""
        model = str(self._bench.controls.get("model"))
        offer = start_offer(model, masked=bool(self._mask))
        return {
            "image": asdict(self._view("image")) if self._image else {},
            "mask": asdict(self._view("mask")) if self._mask else {},
            "reading": self._is_reading,
            "complaint": self._complaint,
            "off": offer.off,
            "strength": offer.default,
            "note": offer.note,
        }

    # -- what changes it -----------------------------------------------------------------------

    def use_file(self, data: bytes) -> None:
        """Start from the picture in a file's bytes, once it is read and stored.

        Raises InvalidInput for too many bytes; what is wrong with the picture is said in the trait.
        """
        if len(data) > FILE_LIMIT:
            size = f"a file of {len(data) / 2**20:.1f} MiB"
            allowed = f"a PNG, JPEG or WebP picture of at most {FILE_LIMIT >> 20} MiB"
            raise InvalidInput("image", size, allowed)
        self._read_in_background(lambda: decode("image", "this file", data))

    def use_path(self, path: Path) -> None:
        """Start from the picture in a file of this machine, once it is read and stored."""
        self._read_in_background(lambda: read_file("image", path))

    def paint(self, data: bytes) -> None:
        """Use a painted mask, the bytes of a picture that is white where the start picture changes.

        One without white is none. Raises InvalidInput if there is no start picture to paint on.
        """
        size = self._view("image").size if self._image else None
        if size is None:
            raise InvalidInput("mask", "a mask", "left out without a start picture")
        painted = decode("mask", "the painted mask", data).convert("L").resize(size)
        black_and_white = painted.point(lambda grey: 255 if grey >= 128 else 0)
        self._mask = ""
        if black_and_white.getbbox():
            self._mask = self._store("mask", black_and_white).reference
        self._changed()

    def remove_mask(self) -> None:
        """Make the whole picture anew."""
        self._mask = ""
        self._changed()

    def clear(self) -> None:
        """Start from noise."""
        self._put("", "")
        self._bench.fields.fit_size()
        self._changed()

    def show(self, params: GenerationParams) -> None:
        """Start from the pictures of a recipe."""
        references = {"image": "", "mask": ""}
        for name in PICTURES:
            source = getattr(params, name)
            if digest_of(source):
                references[name] = source
            elif source is not None:
                references[name] = Inputs(self._root, write=True).take(name, source).reference
        self._put(references["image"], references["mask"])

    def restore(self, references: Mapping[str, str]) -> None:
        """Start from the pictures of a saved state."""
        self._put(references.get("image", ""), references.get("mask", ""))

    def wait(self) -> None:
        """Wait until the picture that is being read is there."""
        if self._reader is not None:
            self._reader.join()

    # -- how it is read ------------------------------------------------------------------------

    def _put(self, image: str, mask: str) -> None:
        self._turn += 1
        self._is_reading = False
        self._complaint = ""
        self._image = image
        self._mask = mask

    def _changed(self) -> None:
        self._bench.start_changed()

    def _read_in_background(self, read: Callable[[], Image.Image]) -> None:
        # To store a photograph takes seconds, in which the kernel must answer its pages.
        self._turn += 1
        self._is_reading = True
        self._complaint = ""
        self._changed()
        self._reader = threading.Thread(target=self._read, args=(self._turn, read), daemon=True)
        self._reader.start()

    def _read(self, turn: int, read: Callable[[], Image.Image]) -> None:
        view = None
        complaint = "The picture could not be read."
        try:
            view = self._store("image", read())
        except (DwlabError, OSError) as error:
            complaint = str(error)
        finally:
            if turn == self._turn:
                self._finish(view, complaint)

    def _finish(self, view: View | None, complaint: str) -> None:
        self._is_reading = False
        if view is None:
            self._complaint = complaint
            self._changed()
            return
        # A mask fits every picture of its size.
        keeps_mask = bool(self._mask) and self._view("mask").size == view.size
        self._put(view.reference, self._mask if keeps_mask else "")
        self._bench.fields.fit_size()
        self._changed()

    def _store(self, name: str, picture: Image.Image) -> View:
        """Keep a picture in the results folder."""
        taken = Inputs(self._root, write=True).take(name, HeldPicture(picture))
        return self._remember(name, taken.reference, canonical(picture))

    def _view(self, name: str) -> View:
        """The picture or its mask as the page shows it."""
        reference = self.references[name]
        view = self._views.get(reference)
        if view is not None:
            return view
        try:
            picture = stored(self._root, str(digest_of(reference)), name)
        except (DwlabError, OSError):
            # not remembered: it may come back
            return View(reference)
        return self._remember(name, reference, picture)

    def _remember(self, name: str, reference: str, picture: Image.Image) -> View:
        view = View(reference, _address(name, picture), picture.size)
        if len(self._views) >= VIEWS_LIMIT:
            del self._views[next(iter(self._views))]
        self._views[reference] = view
        return view


def _address(name: str, picture: Image.Image) -> str:
    """A picture as an address that holds it; a mask keeps its edges."""
    if name == "image":
        return data_uri(small_jpeg(picture, side=PICTURE_SIDE), "jpeg")
    mask = picture.convert("L")
    mask.thumbnail((MASK_SIDE, MASK_SIDE))
    return data_uri(png(mask), "png")
