"""How a picture that was made again differs from the original, and whether that may be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ...errors import printable, shortened
from ...pictures.distance import Distance, distance
from ...pictures.likeness import psnr, ssim
from ...pictures.png import pixel_hash
from ...runs.row import made_with
from ...spec.modes import mode
from ..related_recipes import Difference, differences

if TYPE_CHECKING:
    from ...pictures.picture import Picture
    from .redrawing import Redrawn
    from .stored_cells import StoredCell

# the promise of `render`: company changes a picture by no more than this, of 255, in float32
CLOSE = 1
# of pictures that another machine, another version or half precision rounds differently, in dB
PSNR_LEAST = 30.0
VALUE_SHOWN = 60  # characters
# without these it is not known that the machine is the same
_NEEDED = ("device", "hardware", "torch", "diffusers")


class Outcome(Enum):
    """What became of a picture that was to be made again."""

    EXACT = "exact"
    CLOSE = f"within {CLOSE}/255"
    ALIKE = f"alike (PSNR at least {PSNR_LEAST:g} dB)"
    DIFFERENT = "different"
    UNKNOWN = "nothing to compare with"
    FAILED = "failed"
    ABSENT = "not made: its model or a file is not here"


@dataclass(frozen=True)
class Verdict:
    """A picture that was made again, beside the original.

    environment: in what the row and this machine differ, as far as both are known. distance, psnr
    (dB) and ssim: of the two pictures, None without two of one size. picture: the new one, None if
    it could not be made; reason: why, or why the two were not compared.
    """

    cell: StoredCell
    outcome: Outcome
    picture: Picture | None = None
    environment: tuple[Difference, ...] = ()
    distance: Distance | None = None
    psnr: float | None = None
    ssim: float | None = None
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the original; also if it could not be made again."""
        return self.outcome is not Outcome.DIFFERENT

    @property
    def sentence(self) -> str:
        """How the picture differs, in a sentence for people who see the original."""
        if self.outcome is Outcome.EXACT:
            return "Made again: exactly the same picture."
        if self.picture is None:
            return f"It could not be made again: {self.reason or self.outcome.value}."
        if not self.distance:
            return f"Made again, but {self.reason or self.outcome.value}."
        difference = f"{self.distance}; PSNR {self.psnr:.1f} dB, SSIM {self.ssim:.3f}"
        return f"Made again: {self.outcome.value} ({difference})."

    def __str__(self) -> str:
        parts = [f"{self.cell.key[:10]}  {self.outcome.value}"]
        if self.distance and self.outcome is not Outcome.EXACT:
            parts.append(f"{self.distance}; PSNR {self.psnr:.1f} dB, SSIM {self.ssim:.3f}")
        if self.reason:
            parts.append(self.reason)
        return ": ".join(parts)


def judge(redrawn: Redrawn) -> Verdict:
    """Compare a picture with its original.

    Equal pixels are exact. In the environment of the original, pictures in float32 may differ by
    CLOSE; everything else is measured by its PSNR. In exact mode, only equal pixels are good in the
    same environment.
    """
    cell = redrawn.cell
    picture = redrawn.picture
    if picture is None:
        return Verdict(cell, _outcome_without(redrawn), reason=redrawn.reason)
    other, is_same = _environments(cell, picture)
    original = cell.picture()
    if original is None:
        return _by_hash(cell, picture, other)
    measured = distance(picture.image, original)
    if measured is None:
        sizes = ["{}x{}".format(*image.size) for image in (picture.image, original)]
        reason = " instead of ".join(sizes)
        return Verdict(cell, Outcome.DIFFERENT, picture, other, reason=reason)
    likeness = psnr(picture.image, original)
    return Verdict(
        cell,
        _outcome(cell, measured, likeness, is_same=is_same),
        picture,
        other,
        measured,
        likeness,
        ssim(picture.image, original),
    )


def _environments(cell: StoredCell, picture: Picture) -> tuple[tuple[Difference, ...], bool]:
    """In what the two environments differ, and whether they are known to be the same.

    Nothing is said of what only one of them knows, but settings that are left out are stock.
    """
    here = environment_of(picture)
    known = {name: value for name, value in cell.environment.items() if value is not None}
    compared = (known.keys() & here.keys()) | {"settings"}
    other = tuple(each for each in differences(known, here) if each.name in compared)
    return other, not other and all(known.get(name) for name in _NEEDED)


def shown(value: object) -> str:
    """What an environment says, on one line of a table."""
    return "(unknown)" if value is None else shortened(printable(str(value)), VALUE_SHOWN)


def environment_of(picture: Picture) -> dict[str, Any]:
    """What made a picture besides its recipe, by the names that rows have for it."""
    values = {"device": picture.device, "dtype": picture.dtype, "mode": mode(picture.exact)}
    return values | json.loads(made_with(picture))


def _outcome_without(redrawn: Redrawn) -> Outcome:
    """The outcome of a cell of which there is no picture."""
    if redrawn.is_altered:
        return Outcome.DIFFERENT
    return Outcome.ABSENT if redrawn.is_absent else Outcome.FAILED


def _outcome(cell: StoredCell, measured: Distance, likeness: float, *, is_same: bool) -> Outcome:
    if not measured.largest:
        return Outcome.EXACT
    if is_same and cell.mode != mode(None):
        return Outcome.DIFFERENT
    if cell.dtype == "float32" and measured.largest <= CLOSE:
        return Outcome.CLOSE
    if is_same and cell.dtype == "float32":
        return Outcome.DIFFERENT
    return Outcome.ALIKE if likeness >= PSNR_LEAST else Outcome.DIFFERENT


def _by_hash(cell: StoredCell, picture: Picture, other: tuple[Difference, ...]) -> Verdict:
    """The verdict on a picture whose original is gone: only equal pixels tell anything."""
    if cell.pixels and pixel_hash(picture.image) == cell.pixels:
        reason = "the original is gone, but the hash of its pixels is the same"
        return Verdict(cell, Outcome.EXACT, picture, other, reason=reason)
    reason = "the original is gone, and the hash of its pixels is another one"
    return Verdict(cell, Outcome.UNKNOWN, picture, other, reason=reason)
