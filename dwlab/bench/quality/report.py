"""The results of `dwlab bench quality`: the printed table, what it says, and the file."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..._util.text_table import text_table
from ...analysis.drift import Mean
from ...analysis.knee import Point, knee
from ...analysis.statistics_text import number_text
from ...spec.drift_requests import BY_PIXELS, LABEL
from .. import files
from .candidates import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from ..files import Document

WITHIN = "within"
BEYOND = "beyond"
OPEN = "open"
# of 255, in float32
ROUNDING = 1
LIKENESS = f"{BY_PIXELS}.{LABEL}"


@dataclass(frozen=True)
class QualityRow:
    """A way to draw. Lists have one entry per round.

    recipe: what differs from the plain recipe. settings: how it is computed besides. seconds,
    denoiser_seconds: per picture. rows: of the denoiser per picture. difference: the largest of any
    pixel from the plain pictures, of 255. distances, differences: from the plain pictures, by
    measure (see `dwlab.analysis.drift`); empty for the plain way.
    """

    name: str
    recipe: dict[str, Any]
    settings: dict[str, Any]
    dtype: str
    seconds: list[float]
    denoiser_seconds: list[float]
    rows: float
    difference: int
    distances: dict[str, Mean]
    differences: dict[str, Mean]

    @property
    def median(self) -> float:
        """Seconds per picture, of the median round."""
        return statistics.median(self.seconds)

    @classmethod
    def of(cls, row: Document) -> QualityRow:
        """The row in a document."""
        means = {
            name: {measure: _mean(mean) for measure, mean in row[name].items()}
            for name in ("distances", "differences")
        }
        return cls(**{**row, **means})


@dataclass(frozen=True)
class QualityReport:
    """All results of one `dwlab bench quality`, the plain way first.

    plain: its recipe. measure: the distance that counts as drift. score: the metric that says how
    good pictures are, None without any; margin: how far behind the plain way is still good enough.
    system: see `dwlab.bench.machine`. unmeasured: ways that failed, with the reasons.
    """

    model: str
    device: str
    experiment: str
    plain: dict[str, Any]
    prompts: list[str]
    seeds: int
    measure: str
    score: str | None
    margin: float
    rows: list[QualityRow]
    system: Document
    unmeasured: dict[str, str] = field(default_factory=dict)

    @property
    def knee(self) -> QualityRow | None:
        """Where more speed begins to cost much more drift; None if no way stands out."""
        found = knee([_point(row, self.drift_of(row)) for row in self.rows if self.has_drift(row)])
        return None if found is None else self._named(found.name)

    @property
    def cheapest(self) -> QualityRow | None:
        """The fastest way that is shown to be within the margin of the plain one."""
        within = [row for row in self.rows if self.verdict(row) == WITHIN]
        return min(within, key=lambda row: row.median, default=None)

    def verdict(self, row: QualityRow) -> str:
        """Whether a way is shown to be within the margin of the plain one, or beyond; or open."""
        if self.score is None:
            return OPEN
        if not row.recipe:
            return WITHIN
        difference = row.differences.get(self.score)
        if difference is None:
            return OPEN
        if difference.low >= -self.margin:
            return WITHIN
        return BEYOND if difference.high < -self.margin else OPEN

    def has_drift(self, row: QualityRow) -> bool:
        """Whether it is known how far a way is from the plain one."""
        return not row.recipe or self.measure in row.distances

    def drift_of(self, row: QualityRow) -> Mean:
        """How far a way is from the plain one; with the plain recipe, it is not."""
        return row.distances.get(self.measure, Mean(0.0, 0.0, 0.0, 0))

    def times_as_fast(self, row: QualityRow) -> list[float]:
        """How many times as fast as the plain way, one number per round."""
        pairs = zip(self._named(PLAIN).seconds, row.seconds, strict=True)
        return [plain / own for plain, own in pairs]

    def text(self) -> str:
        """Table and sentences for a terminal."""
        score = self.score or "score"
        head = (
            "way",
            "s/picture",
            "x plain",
            "denoiser s",
            "rows",
            "drift",
            "ssim",
            score,
            "verdict",
        )
        ordered = sorted(self.rows, key=lambda row: row.median)
        table = text_table([self._line(row) for row in ordered], head, numbers=(1, 3, 4))
        return "\n".join([table, "", *self.sentences()])

    def sentences(self) -> list[str]:
        """What the rows say."""
        about = (
            f"drift: {self.measure}, 0 for equal pictures, with its 95% interval; "
            "ssim: structural similarity, 1 for equal ones"
        )
        return [
            about,
            *self._unlike_plain(),
            *[f"{name} was not measured: {why}" for name, why in self.unmeasured.items()],
            self._knee_sentence(),
            self._cheapest_sentence(),
        ]

    def _unlike_plain(self) -> list[str]:
        """The ways whose recipe is the plain one, and whose pictures are not, beyond rounding."""
        rows = [row for row in self.rows if not row.recipe and row.difference > ROUNDING]
        return [
            f"{row.name}: a pixel is {row.difference} of 255 away from plain, with the same recipe"
            for row in rows
        ]

    def _knee_sentence(self) -> str:
        row = self.knee
        if row is None:
            return "No knee: no way on the frontier between its ends stands out."
        faster = statistics.median(self.times_as_fast(row))
        drift = row.distances[self.measure].as_distance()
        return f"The knee: {row.name}, {faster:.2f} times as fast as plain, drift {drift}."

    def _cheapest_sentence(self) -> str:
        if self.score is None:
            return "No metric here says how good these pictures are; name a network like CLIP."
        goal = f"within {number_text(self.margin)} of the plain way's {self.score}"
        row = self.cheapest
        if row is None or (not row.recipe and not row.settings):
            return f"No faster way is shown to be {goal}."
        faster = statistics.median(self.times_as_fast(row))
        facts = "with the same recipe"
        if self.score in row.differences:
            facts = row.differences[self.score].as_difference()
        return f"Fastest shown to be {goal}: {row.name}, {faster:.2f} times as fast ({facts})."

    def _named(self, name: str) -> QualityRow:
        return next(row for row in self.rows if row.name == name)

    def _line(self, row: QualityRow) -> tuple[str, ...]:
        ratios = self.times_as_fast(row)
        drift = self.drift_of(row).as_distance() if self.has_drift(row) else "-"
        likeness = row.distances.get(LIKENESS)
        score = "-"
        if self.score in row.differences:
            score = row.differences[self.score].as_difference()
        return (
            row.name,
            f"{row.median:.3f}",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
            f"{statistics.median(row.denoiser_seconds):.3f}",
            f"{row.rows:.0f}",
            drift,
            f"{likeness.mean:.3f}" if likeness else "-",
            score,
            self.verdict(row) if self.score else "-",
        )

    def save(self, path: Path) -> Path:
        """Write all of it, with what it was measured on, completely or not at all."""
        document = {
            **asdict(self),
            "kind": files.QUALITY,
            "schema": files.SCHEMA,
            "rows": [_plain_row(row) for row in self.rows],
        }
        return files.save(path, document)

    @classmethod
    def of(cls, document: Document) -> QualityReport:
        """The report in a document that `files.load` returned."""
        values = {name: value for name, value in document.items() if name not in ("kind", "schema")}
        values["rows"] = [QualityRow.of(row) for row in document["rows"]]
        return cls(**values)


def _point(row: QualityRow, drift: Mean) -> Point:
    """A row on the frontier."""
    return Point(row.name, row.median, drift.mean, drift.high)


def _plain_row(row: QualityRow) -> Document:
    """A row as plain values; ends of intervals of which nothing is known become None."""
    values = asdict(row)
    for group in ("distances", "differences"):
        for mean in values[group].values():
            for end in ("low", "high"):
                mean[end] = mean[end] if math.isfinite(mean[end]) else None
    return values


def _mean(values: Document) -> Mean:
    low = -math.inf if values["low"] is None else values["low"]
    high = math.inf if values["high"] is None else values["high"]
    return Mean(values["mean"], low, high, values["pairs"])
