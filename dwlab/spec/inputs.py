"""Pictures that a recipe starts from, in words: a path until it is read, then the hash of its pixels.

`dwlab.pictures.inputs` reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.checks import as_whole_number, check_whole_number, is_number, without_quotes
from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURES = ("image", "mask")
NUMBERS = ("strength", "mask_padding", "mask_blur")
FIELDS = (*PICTURES, *NUMBERS)
# lists of entries that have a picture each, or several
LISTS = ("control", "ip_adapter")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
ALLOWED = "the path of a PNG, JPEG or WebP file"
FOLDER = "inputs"  # in the results folder
PADDING_LIMIT = 4096  # pixels
BLUR_LIMIT = 1024  # pixels
_REFERENCE = re.compile("sha256:([0-9a-f]{64})")


@dataclass(frozen=True, eq=False)
class HeldPicture:
    """A picture in memory, as a notebook gives it. picture: of Pillow."""

    picture: object

    def __str__(self) -> str:
        return "a picture in memory"


Source = str | HeldPicture


def reference(digest: str) -> str:
    """How a recipe names a picture that was read. digest: the hash of its pixels."""
    return f"sha256:{digest}"


def digest_of(source: object) -> str | None:
    """The hash that a recipe names a picture by; None for one that was not read yet."""
    match = _REFERENCE.fullmatch(source) if isinstance(source, str) else None
    return match[1] if match else None


def stored_path(source: object) -> str | None:
    """Where a picture that was read lies, relative to the results folder; otherwise None."""
    digest = digest_of(source)
    return f"{FOLDER}/{digest}.png" if digest else None


def reference_of_path(path: str) -> str | None:
    """The reference to a picture by its place in a results folder; None for any other path."""
    folder, _, name = path.rpartition("/")
    picture = reference(name.removesuffix(".png"))
    return picture if folder == FOLDER and digest_of(picture) else None


def stored_paths(params: Mapping[str, object]) -> list[str]:
    """Where the pictures lie that a stored recipe names, relative to the results folder."""
    sources = [params.get(name) for name in PICTURES]
    for name in LISTS:
        entries = params.get(name)
        for entry in entries if isinstance(entries, list) else []:
            pictures = entry.get("image")
            sources += pictures if isinstance(pictures, list) else [pictures]
    paths = [stored_path(source) for source in sources]
    return [path for path in paths if path]


def is_picture(name: str) -> bool:
    """Whether a name of a recipe or of an axis is that of a picture, like `control.image`."""
    return name in PICTURES or (name.partition(".")[0] in LISTS and name.endswith(".image"))


def checked(name: str, value: object) -> object:
    """A value of one of FIELDS in the form in which it is kept; raises InvalidInput."""
    if value is None or value == "":
        return None
    if name in PICTURES:
        return checked_source(name, value)
    if name == "strength":
        return checked_strength(value)
    limit = PADDING_LIMIT if name == "mask_padding" else BLUR_LIMIT
    return check_whole_number(name, as_whole_number(value), 0, limit, " pixels")


def checked_source(field: str, value: object) -> Source:
    """A picture as it is kept in a recipe until it is read; raises InvalidInput."""
    if isinstance(value, HeldPicture):
        return value
    if _is_of_pillow(value):
        return HeldPicture(value)
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidInput(field, value, ALLOWED)
    path = value.replace("\\", "/")
    if digest_of(value):
        return value
    if known := reference_of_path(path):
        return known
    if not _is_file(value):
        raise InvalidInput(field, value, f"{ALLOWED}; there is no such file")
    return value


def _is_of_pillow(value: object) -> bool:
    """Whether a value is a picture of Pillow, which this room does not import."""
    return any(
        cls.__module__ == "PIL.Image" and cls.__name__ == "Image" for cls in type(value).__mro__
    )


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def checked_strength(value: object) -> float:
    """How much of the start picture is made anew, above 0 to 1; raises InvalidInput."""
    if not is_number(value) or not 0 < value <= 1:
        allowed = f"a number above 0, up to 1{without_quotes(value)}"
        raise InvalidInput("strength", value, allowed)
    return float(value)


def check_together(values: Mapping[str, object]) -> None:
    """Raise InvalidInput for a field that means nothing without another one."""
    if values["image"] is None:
        for name in ("mask", "strength"):
            if values[name] is not None:
                allowed = "left out without an image, the picture to start from"
                raise InvalidInput(name, values[name], allowed)
    if values["mask"] is None:
        for name in ("mask_padding", "mask_blur"):
            if values[name] is not None:
                raise InvalidInput(name, values[name], "left out without a mask")
