"""The results of the engine benchmark: ratios, the printed table and the file."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..._util.text_table import text_table
from .. import files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..files import Document

# Engines of other libraries: what they draw otherwise is theirs to say, so it is shown and no error.
FOREIGN = ("openvino-genai", "openvino-genai-fast", "sdcpp")
HEAD = (
    "grid",
    "engine",
    "images/s",
    "x loop",
    "x grouped",
    "rows/fwd",
    "idle",
    "TFLOP/s",
    "of matmul",
    "MB",
    "diff",
)


@dataclass
class EngineResult:
    """What one engine did on one grid. Lists have one entry per round.

    rows_a_forward and idle, the share of the wall time in which no module of the model ran, are
    empty for an engine that computes outside of these modules. tflops: useful operations in 10^12
    over the wall time. memory: bytes. difference: largest difference of any pixel from the
    loop's picture, of 255.
    """

    grid: str
    engine: str
    dtype: str
    device: str
    cells: int
    seconds: list[float] = field(default_factory=list)
    rows_a_forward: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    tflops: list[float] = field(default_factory=list)
    memory: int = 0
    difference: int = 0

    @property
    def images_per_s(self) -> float:
        """Pictures per second, by the median round."""
        return self.cells / statistics.median(self.seconds)

    def matmul_share(self, rate: float) -> float:
        """Useful operations per second over the rate of a large matrix product."""
        return statistics.median(self.tflops) * 1e12 / rate


def ratios(results: Sequence[EngineResult], result: EngineResult, engine: str) -> list[float]:
    """How many times as fast as another engine a result is on the same cells, one number per round.

    Empty if the other engine was not measured.
    """
    for other in results:
        if (other.grid, other.engine) == (result.grid, engine):
            pairs = zip(other.seconds, result.seconds, strict=False)
            return [theirs / own for theirs, own in pairs]
    return []


def ratio_text(results: Sequence[EngineResult], result: EngineResult, engine: str) -> str:
    """The median of `ratios` and their range."""
    values = ratios(results, result, engine)
    if not values:
        return "-"
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


@dataclass(frozen=True)
class EngineReport:
    """All results of one `dwlab bench engine`.

    matmul: operations per second of a large matrix product, by dtype. scale: what the numbers of
    steps were multiplied by. system: see `dwlab.bench.machine`. unmeasured: the reasons of peers
    that could not be measured here, by their names.
    """

    results: list[EngineResult]
    matmul: dict[str, float]
    model: str
    scale: float
    system: Document
    unmeasured: dict[str, str] = field(default_factory=dict)

    def machine(self, device: str) -> str:
        """What the device is called."""
        described = self.system.get("devices", {}).get(device, {})
        return str(described.get("name", device))

    def disagreeing(self) -> list[str]:
        """The engines that drew other pictures than the loop, unless they are another library's.

        In float32 a difference of 1 of 255 is rounding; more is not.
        """
        return [
            f"{result.engine} on {result.grid}: {result.difference} of 255"
            for result in self.results
            if result.dtype == "float32" and result.difference > 1 and result.engine not in FOREIGN
        ]

    def text(self) -> str:
        """A table for a terminal. Ratios are of each round's times, as median and range."""
        table = text_table(
            [self._line(result) for result in self.results], HEAD, numbers=range(2, len(HEAD))
        )
        rates = [f"{rate / 1e12:.3f} TFLOP/s in {dtype}" for dtype, rate in self.matmul.items()]
        lines = [table, f"matmul: {', '.join(rates)}"]
        lines += [f"{name} was not measured: {why}" for name, why in self.unmeasured.items()]
        return "\n".join(lines)

    def _line(self, result: EngineResult) -> tuple[str, ...]:
        """The texts of one line, under HEAD."""
        tflops = statistics.median(result.tflops)
        share = result.matmul_share(self.matmul[result.dtype])
        return (
            result.grid,
            result.engine,
            f"{result.images_per_s:.2f}",
            ratio_text(self.results, result, "loop"),
            ratio_text(self.results, result, "grouped"),
            _median_text(result.rows_a_forward, ".1f"),
            _median_text(result.idle, ".1%"),
            f"{tflops:.3f}",
            f"{share:.0%}",
            f"{result.memory / 1e6:.0f}",
            str(result.difference),
        )

    def save(self, path: Path) -> Path:
        """Write raw results, with what they were measured on, completely or not at all."""
        document = {
            "kind": files.ENGINE,
            "schema": files.SCHEMA,
            "rows": [asdict(result) for result in self.results],
            "matmul": self.matmul,
            "model": self.model,
            "scale": self.scale,
            "system": self.system,
            "unmeasured": self.unmeasured,
        }
        return files.save(path, document)

    @classmethod
    def of(cls, document: Document) -> EngineReport:
        """The report in a document that `files.load` returned."""
        return cls(
            results=[EngineResult(**row) for row in document["rows"]],
            matmul=document["matmul"],
            model=document["model"],
            scale=document["scale"],
            system=document["system"],
            unmeasured=document.get("unmeasured", {}),
        )


def _median_text(values: Sequence[float], form: str) -> str:
    return format(statistics.median(values), form) if values else "-"
