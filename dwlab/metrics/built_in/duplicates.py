"""How many other pictures of a sweep are the same within a tolerance."""

from __future__ import annotations

import functools
import hashlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import DwlabError
from ..decorator import metric
from ..metric import Options, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from PIL import Image

    from ..setup import Setup

log = logging.getLogger(__name__)
TOLERANCE = 2.0  # of 255: the largest difference of a value between two pictures that are the same
KEPT = 256  # pictures that wait in case that they are compared again
_BLOCKS = 4  # along each side: where the means of pictures are far apart, no pixels are compared
# means are rounded to whole numbers, in both pictures
_ROUNDING = 1.0


@dataclass
class _Distinct:
    """Pictures with exactly the same pixels. key: of the first. means: of its blocks."""

    key: str
    shape: tuple[int, ...]
    means: np.ndarray
    keys: list[str] = field(default_factory=list)


class Duplicates:
    """Counts the other pictures in which no value of a pixel is farther away than a tolerance."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance

    def counts(
        self, pictures: Sequence[str], read: Callable[[str], Image.Image]
    ) -> list[int | None]:
        """The count of each picture, by its key; None for one that cannot be read."""
        groups = self._distinct(pictures, read)
        counts = {key: len(group.keys) - 1 for group in groups for key in group.keys}
        for first, second in self._near(groups, read):
            for group, other in ((first, second), (second, first)):
                for key in group.keys:
                    counts[key] += len(other.keys)
        return [counts.get(key) for key in pictures]

    def _distinct(self, keys: Sequence[str], read: Callable[[str], Image.Image]) -> list[_Distinct]:
        import numpy as np
        from PIL import Image

        groups: dict[str, _Distinct] = {}
        for key in keys:
            try:
                picture = read(key).convert("RGB")
            except DwlabError as error:
                log.warning("picture %s cannot be measured: %s", key, error)
                continue
            size = str(picture.size).encode()
            content = hashlib.sha256(size + picture.tobytes()).hexdigest()
            if content not in groups:
                means = picture.resize((_BLOCKS, _BLOCKS), Image.Resampling.BOX)
                flat = np.asarray(means, dtype=float).reshape(-1)
                groups[content] = _Distinct(key, picture.size, flat)
            groups[content].keys.append(key)
        return list(groups.values())

    def _near(
        self, groups: Sequence[_Distinct], read: Callable[[str], Image.Image]
    ) -> Iterator[tuple[_Distinct, _Distinct]]:
        """The pairs of pictures that are within the tolerance without being equal."""
        import numpy as np
        from scipy.spatial import cKDTree

        if self._tolerance == 0 or len(groups) < 2:
            return

        @functools.lru_cache(maxsize=KEPT)
        def pixels(key: str) -> np.ndarray:
            return np.asarray(read(key).convert("RGB"), dtype=np.int16)

        tree = cKDTree(np.stack([group.means for group in groups]))
        for at, other in sorted(tree.query_pairs(self._tolerance + _ROUNDING, p=np.inf)):
            first = groups[at]
            second = groups[other]
            if first.shape != second.shape:
                continue
            if np.abs(pixels(first.key) - pixels(second.key)).max() <= self._tolerance:
                yield first, second


@metric(
    version=1,
    better="lower",
    options=Options(Scope.SWEEP, takes=frozenset({"tolerance"})),
)
def duplicates(setup: Setup) -> Duplicates:
    """How many other pictures of the sweep are the same within a tolerance."""
    tolerance = setup.request.tolerance
    return Duplicates(TOLERANCE if tolerance is None else tolerance)
