"""A sweep of one recipe, some of whose parameters are given values: its experiment file, and how its plan is shown."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._util import yamlfile
from ..._util.atomic import write_atomic
from ..._util.durations import rough_duration
from ...errors import InvalidInput
from ...paths import results_folder
from ...runs.run import Sweep
from ...spec import experiment_file
from ...spec.names import TEXTS

if TYPE_CHECKING:
    from pathlib import Path

    from ...runs.plan import Plan
    from ...spec.params import GenerationParams


def sweep_of(asked: GenerationParams, name: str, axes: dict[str, str]) -> Sweep:
    """The sweep of that name around a recipe; axes: parameter -> its values as typed.

    The values of a text stand one per line, and `""` is the empty one. Those of other parameters are a list of YAML with or
    without its brackets, like `1, 2`, or a map like `{range: [0, 4]}`. Raises InvalidInput naming what is wrong.
    """
    values = {
        axis: _lines(text, axis) if axis in TEXTS else _list(text, axis)
        for axis, text in axes.items()
    }
    if not values:
        raise InvalidInput("axes", "none", "one control or more, ticked, with its values")
    base = {k: v for k, v in asked.as_dict().items() if k not in values}
    model = base.pop("model")
    if "scheduler" in values:
        base.pop("scheduler_options", None)  # they belong to the scheduler that stood there
    for text in set(TEXTS) & base.keys():
        base[text] = _plain(base[text])
    return Sweep(name, model=model, base=base, axes=values)


def _lines(text: str, axis: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InvalidInput(
            axis, text, 'one text or more, each on a line of its own; "" is the empty one'
        )
    return ["" if line == '""' else _plain(line) for line in lines]


def _list(text: str, axis: str) -> Any:
    text = text.strip()
    if not text:
        raise InvalidInput(axis, text, "one value or more, like 1, 2, 4")
    return experiment_file.value(axis, text if text[0] in "{[" else f"[{text}]")


def _plain(text: str) -> str:
    """A text whose braces name no placeholder."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class ExperimentFile:
    """Where a sweep's experiment file belongs: `experiments/` of a project's folder."""

    project: Path
    spec: Sweep

    @property
    def path(self) -> Path:
        """The file, there or not."""
        return self.project / "experiments" / f"{self.spec.name}.yaml"

    @property
    def text(self) -> str:
        """What it holds, or should."""
        return yamlfile.dump(self.spec.as_dict())

    @property
    def written(self) -> bool:
        """Whether it is there, for this very sweep."""
        return self.path.is_file() and self.path.read_text("utf-8") == self.text

    def write(self) -> None:
        """Write it; raises InvalidInput where another sweep's is there."""
        if self.path.exists() and not self.written:
            allowed = f"a name that experiments/ does not have yet ({self.path.name} is there)"
            raise InvalidInput("name", self.spec.name, allowed)
        write_atomic(self.path, self.text.encode())


def plan_shown(plan: Plan, file: ExperimentFile, root: Path) -> dict[str, Any]:
    """A plan for the page: counts, warnings, the experiment's YAML, and the command once its file is written."""
    elsewhere = "" if root == results_folder() else f" --results {shlex.quote(str(root))}"
    time = "time not known" if plan.seconds is None else f"about {rough_duration(plan.seconds)}"
    return {
        "name": plan.name,
        "counts": f"{plan.cells:,} cells, {plan.done:,} done, {plan.todo:,} to do, {time}",
        "warnings": list(plan.warnings),
        "yaml": file.text,
        "command": f"dwlab sweep experiments/{file.path.name}{elsewhere}" if file.written else "",
    }
