"""The rows of benchmark files, with what each file says of its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.counted import counted
from ..models.settings import STOCK

if TYPE_CHECKING:
    from .files import Document

# The settings that a person chooses; threads are what they are on a machine.
CHOSEN = (
    "backend",
    "attention",
    "compile",
    "channels_last",
    "slicing",
    "tiling",
    "offload",
    "quantisation",
)


@dataclass(frozen=True, order=True)
class WorkloadSize:
    """What the rows of one table have in common."""

    model: str
    width: int
    height: int
    steps: int
    batch: int

    def __str__(self) -> str:
        size = f"{self.width}x{self.height}"
        steps = counted(self.steps, "step")
        return f"{self.model}, {size}, {steps}, batch {self.batch}"


@dataclass(frozen=True)
class FileRow:
    """One configuration as a file of `dwlab bench run` describes it.

    file: the stem of the file's name, with its folder if another file has the same. order: of the
    file among those that are compared. versions: of libraries, without dwlab's own. expects_parity:
    whether the benchmark compares with a reference. workload, settings, parity: as in the file.
    phases: summaries (see `timing.summary`) by name; empty if nothing was measured. The numbers are
    None if they were not measured.
    """

    file: str
    order: int
    machine: str
    versions: dict[str, str]
    expects_parity: bool
    device: str
    dtype: str
    status: str
    error: str | None
    workload: Document
    settings: Document
    phases: dict[str, Document]
    parity: Document | None
    checks: Document | None
    images_per_s: float | None
    matmul_share: float | None
    tflops: float | None
    memory_gb: float | None

    @classmethod
    def of(cls, file: str, order: int, document: Document, row: Document) -> FileRow:
        """The row of a document that `files.load` returned."""
        system = document["system"]
        device = row["device"]
        memory = row.get("memory") or {}
        return cls(
            file=file,
            order=order,
            machine=system.get("devices", {}).get(device, {}).get("name", device),
            versions={name: v for name, v in system["versions"].items() if name != "dwlab"},
            expects_parity=document.get("protocol", {}).get("parity") != "none",
            device=device,
            dtype=row["dtype"],
            status=row["status"],
            error=row.get("error"),
            workload=row["workload"],
            settings=row["settings"],
            phases=row.get("phases") or {},
            parity=row.get("parity"),
            checks=row.get("checks"),
            images_per_s=row.get("images_per_s"),
            matmul_share=row.get("matmul_share"),
            tflops=row.get("tflops"),
            memory_gb=memory.get("allocated_gb", memory.get("resident_gb")),
        )

    @property
    def ok(self) -> bool:
        """Whether its numbers count."""
        return self.status == "ok"

    @property
    def unit(self) -> tuple[str, str]:
        """What measured it: the file and the device."""
        return (self.file, self.device)

    @property
    def size(self) -> WorkloadSize:
        """Model, size, steps and batch."""
        return WorkloadSize(
            model=self.workload["model"],
            width=self.workload["width"],
            height=self.workload["height"],
            steps=self.workload["steps"],
            batch=self.workload["batch"],
        )

    @property
    def changed_settings(self) -> Document:
        """The chosen settings that are not stock."""
        return {
            name: value
            for name, value in self.settings.items()
            if name in CHOSEN and value != getattr(STOCK, name)
        }

    @property
    def is_stock(self) -> bool:
        """Whether it is float32 with stock settings."""
        return self.dtype == "float32" and not self.changed_settings

    @property
    def computed_as(self) -> str:
        """Device, dtype and changed settings, for people."""
        return f"{self.device}, {self.computed}"

    @property
    def computed_with(self) -> str:
        """The same for a sentence: float32 with channels last."""
        dtype, _, settings = self.computed.partition(", ")
        return f"{dtype} with {settings}" if settings else dtype

    @property
    def computed(self) -> str:
        """Dtype and changed settings, for people."""
        words = [self.dtype]
        for name, value in self.changed_settings.items():
            setting = name.replace("_", " ")
            words.append(setting if value is True else f"{setting} {value}")
        return ", ".join(words)

    @property
    def distance(self) -> float | None:
        """Relative distance of the denoiser's output from the reference."""
        return self.parity["denoiser"] if self.parity else None

    @property
    def picture_db(self) -> float | None:
        """Peak signal-to-noise ratio of the picture against the reference's."""
        return self.parity.get("picture_db") if self.parity else None

    @property
    def seconds(self) -> float | None:
        """Median seconds of a whole call."""
        return self.median("end_to_end")

    def median(self, phase: str) -> float | None:
        """Median seconds of a phase; None if it was not measured."""
        return self.phases[phase]["median_s"] if phase in self.phases else None

    def scaled(self, steps: int | None) -> float | None:
        """Seconds that so many steps would take: prompt + steps x median step + decode."""
        prompt = self.median("prompt")
        step = self.median("step")
        decode = self.median("decode")
        if steps is None or prompt is None or step is None or decode is None:
            return None
        return prompt + steps * step + decode
