"""The experiment file that "Sweep this" writes, and how its plan is shown."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._util import yamlfile
from ..._util.atomic import write_atomic
from ..._util.durations import rough_duration
from ...errors import InvalidInput
from ...paths import results_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ...runs.plan import Plan
    from ...runs.sweep import Sweep


@dataclass(frozen=True)
class ExperimentFile:
    """The file of a sweep in `experiments/` of a project's folder, there or not."""

    project: Path
    sweep: Sweep

    @property
    def path(self) -> Path:
        """Where the file belongs."""
        return self.project / "experiments" / f"{self.sweep.name}.yaml"

    @property
    def text(self) -> str:
        """What the file holds once it is written."""
        return yamlfile.dump(self.sweep.as_dict())

    @property
    def is_written(self) -> bool:
        """Whether the file is there, and holds this very sweep."""
        return self.path.is_file() and self.path.read_text("utf-8") == self.text

    def write(self) -> None:
        """Write the file; raises InvalidInput if there is one with another sweep."""
        if self.path.exists() and not self.is_written:
            allowed = f"a name that is not taken in experiments/ ({self.path.name} exists)"
            raise InvalidInput("name", self.sweep.name, allowed)
        write_atomic(self.path, self.text.encode())


def plan_for_page(plan: Plan, file: ExperimentFile, results: Path) -> dict[str, object]:
    """The trait `plan`: counts, warnings, the YAML, and the command once the file is written."""
    time = "time unknown" if plan.seconds is None else f"about {rough_duration(plan.seconds)}"
    return {
        "name": plan.name,
        "counts": f"{plan.cells:,} cells, {plan.done:,} done, {plan.todo:,} to do, {time}",
        "warnings": list(plan.warnings),
        "yaml": file.text,
        "command": _command(file, results) if file.is_written else "",
    }


def _command(file: ExperimentFile, results: Path) -> str:
    command = f"dwlab sweep experiments/{file.path.name}"
    if results == results_folder():
        return command
    return f"{command} --results {shlex.quote(str(results))}"
