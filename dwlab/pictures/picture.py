"""A finished picture together with everything that made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.html import figure_html
from ..spec.modes import mode
from .not_finite import nan_warning
from .png import encode

if TYPE_CHECKING:
    from PIL import Image

    from ..spec.params import GenerationParams
    from .traces import Trace


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its recipe.

    image: RGB.
    key: the cell's identity. weights: the model's fingerprint.
    seconds: wall time from the first step to the last.
    device_seconds: this picture's share of it if several were computed together.
    nan: the share of values that were not finite, 0 to 1, in the last latents or in what was
    decoded, whichever is larger.
    exact: the number of rows of each forward in exact mode, otherwise None.
    cut: what the model did not read of prompts that were too long, in words.
    settings: those that were not stock (see `dwlab.models.settings`).
    load_seconds: that its model took to load, once for all of its pictures.
    tensors: the hashes of the tensors of LoRAs, by those of their files.
    machine: what rounding depends on besides the usual versions: the name of the processor, its
    threads, and the versions of packages that few pictures need.
    traces: what was kept of its steps. film: what these predicted, as a WebP, or empty.
    encoded: its PNG, if the worker that made it encoded it.
    """

    params: GenerationParams
    image: Image.Image
    key: str
    weights: str
    device: str
    dtype: str
    seconds: float
    device_seconds: float
    nan: float = 0.0
    exact: int | None = None
    cut: str = ""
    settings: dict[str, object] = field(default_factory=dict)
    load_seconds: float = 0.0
    tensors: dict[str, str] = field(default_factory=dict)
    machine: dict[str, object] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
    film: bytes = b""
    encoded: bytes = field(default=b"", compare=False, repr=False)

    @property
    def warning(self) -> str | None:
        """What is wrong if values were not finite, and what to try; None if all were."""
        return nan_warning([self.nan], 1)

    def png(self) -> bytes:
        """The PNG with its recipe inside."""
        if self.encoded:
            return self.encoded
        recipe = {"key": self.key, "weights": self.weights, "dtype": self.dtype}
        if self.exact:
            recipe["mode"] = mode(self.exact)
        return encode(self.image, self.params, recipe, self.tensors)

    def save(self, path: str | Path) -> Path:
        """Write the PNG, recipe inside, to `path`."""
        path = Path(path)
        write_atomic(path, self.png())
        return path

    def _repr_html_(self) -> str:
        return figure_html(self.image, self.params.as_dict(), max(self.image.size))
