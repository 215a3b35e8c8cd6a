"""A finished picture together with everything that made it."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from ..spec.params import mode
from ..store import images

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        return images.encode(self.image, self.params, recipe | ({"mode": mode(self.exact)} if self.exact else {}))

    def save(self, path: str | Path) -> Path:
        """Write the PNG, recipe inside, to `path`."""
        path = Path(path)
        write_atomic(path, self.png())
        return path

    def _repr_html_(self) -> str:
        return figure_html(self.image, self.params.as_dict(), max(self.image.size))


def nan_warning(shares: Sequence[float], total: int) -> str | None:
    """One line about pictures of values that were not finite; None if there are none. shares: of each of `total`, or some."""
    bad = [share for share in shares if share > 0]
    if not bad:
        return None
    worst = "under 1%" if max(bad) < 0.01 else f"{max(bad):.0%}"
    which = "the picture is" if total == 1 else f"{len(bad):,} of {total:,} pictures are"
    share = f"{worst} of its values" if len(bad) == 1 else f"up to {worst} of their values"
    return (
        f"{which} black or broken: {share} were no finite numbers (NaN); try dtype float32 or bfloat16 in "
        "place of float16, a VAE that is made for float16, or another scheduler or other options of it"
    )


def figure_html(image: Image.Image, recipe: dict[str, Any], side: int) -> str:
    """A picture of at most `side` pixels with its recipe under it, for notebooks; the recipe is escaped."""
    buffer = io.BytesIO()
    shown = image.copy()
    shown.thumbnail((side, side))
    shown.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    lines = " &middot; ".join(f"{html.escape(k)} {html.escape(str(v))}" for k, v in recipe.items() if k != "prompt")
    prompt = html.escape(str(recipe.get("prompt", "")))
    return (
        f'<figure style="margin:0;max-width:{max(side, 240)}px"><img src="data:image/png;base64,{data}" alt="{prompt}">'
        f'<figcaption style="overflow-wrap:anywhere">{prompt}<br><small>{lines}</small></figcaption></figure>'
    )
