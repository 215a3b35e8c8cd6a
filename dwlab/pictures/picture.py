"""A finished picture together with everything that made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.html import figure_html
from ..spec.modes import mode
from .not_finite import nan_warning
from .png import encode

if TYPE_CHECKING:
    from PIL import Image

    from ..spec.families import Omission
    from ..spec.params import GenerationParams


@dataclass(frozen=True)
class Picture:
    """A picture and its recipe.

    image: RGB. weights: the model's fingerprint. seconds: wall time from first step to last.
    device_seconds: this picture's share of it where several were computed together. nan: share of values that were not
    finite, 0..1, in the last latents or in what was decoded, whichever is more. exact: rows of each forward, if the same
    picture was to come out whatever ran beside it. settings: those that were not stock (dwlab.models.settings). omission: what
    leaving the negative prompt out means to the model, if that is no empty text.
    """

    params: GenerationParams
    image: Image.Image
    weights: str
    device: str
    dtype: str
    seconds: float
    device_seconds: float
    nan: float = 0.0
    exact: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    omission: Omission | None = None

    @property
    def key(self) -> str:
        """The cell's identity."""
        return self.params.key(self.weights, self.dtype, self.exact, omission=self.omission)

    @property
    def warning(self) -> str | None:
        """What is wrong with a picture of values that are not finite, and what to try; None if all are."""
        return nan_warning([self.nan], 1)

    def png(self) -> bytes:
        """The PNG with its recipe inside."""
        recipe = {"key": self.key, "weights": self.weights, "dtype": self.dtype}
        return encode(
            self.image, self.params, recipe | ({"mode": mode(self.exact)} if self.exact else {})
        )

    def save(self, path: str | Path) -> Path:
        """Write the PNG, recipe inside, to `path`."""
        path = Path(path)
        write_atomic(path, self.png())
        return path

    def _repr_html_(self) -> str:
        return figure_html(self.image, self.params.as_dict(), max(self.image.size))
