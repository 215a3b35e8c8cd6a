"""A commented experiment file, from four answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..errors import InvalidInput
from ..spec import experiment_file
from ..spec.sweep import SweepSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( [A-Za-z0-9_]+)*")
# words that YAML reads as something else than text
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
SHAPES = "shapes"  # the embedded model, whose pictures are judged as they are made


@dataclass(frozen=True)
class Answers:
    """What an experiment is about.

    prompts: at least one. model: a catalog name, a folder, a file or a hub id. varied: the values of
    each axis besides prompt and seed. seeds: how many pictures of each setting, unless `seed` varies.
    """

    prompts: tuple[str, ...]
    model: str = SHAPES
    varied: Mapping[str, object] = field(default_factory=dict)
    seeds: int = 1

    def axes(self) -> dict[str, object]:
        """All axes, the seed last, which then varies fastest."""
        axes: dict[str, object] = {}
        if len(self.prompts) > 1:
            axes["prompt"] = list(self.prompts)
        axes |= self.varied
        if "seed" not in axes:
            axes["seed"] = {"range": [0, self.seeds]}
        return axes

    def base(self) -> dict[str, object]:
        """What all pictures share."""
        return {"prompt": self.prompts[0]} if len(self.prompts) == 1 else {}

    def spec(self, name: str) -> SweepSpec:
        """The sweep; raises InvalidInput for an answer that it cannot have."""
        spec = SweepSpec(name, model=self.model, base=self.base(), axes=self.axes())
        spec.cells()
        return spec


def write_experiment(path: Path, answers: Answers, *, replace: bool = False) -> SweepSpec:
    """Write the experiment to a new file, which `dwlab sweep` takes; returns the sweep.

    replace: whether a file that is there is written anew. Raises InvalidInput, which names the
    answer that an experiment cannot have.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise InvalidInput("file", str(path), "a path that ends in .yaml")
    if path.exists() and not replace:
        raise InvalidInput("file", str(path), "a path where there is no file yet (or --force)")
    answers.spec(path.stem)
    text = _text(path, answers)
    spec = SweepSpec.from_dict(experiment_file.parse(text, path.name))
    write_atomic(path, text.encode())
    return spec


def _text(path: Path, answers: Answers) -> str:
    return "\n".join([*_head(path, answers), *_base(answers), *_axes(answers), *_metric(answers)])


def _head(path: Path, answers: Answers) -> list[str]:
    spec = answers.spec(path.stem)
    counts = " x ".join(f"{len(values)} of {name}" for name, values in spec.values.items())
    return [
        f"# {len(spec.cells())} pictures: {counts}. What they would take, and then the run:",
        f"#   dwlab sweep {path} --dry-run",
        f"#   dwlab sweep {path}",
        f"name: {_yaml(path.stem)}",
        "",
        "# `dwlab models` lists names; the path of a folder or file, or a hub id, does too.",
        f"model: {_yaml(answers.model)}",
        "",
    ]


def _base(answers: Answers) -> list[str]:
    lines = [
        "# What all pictures share; what is left out has the model's own value, like",
        "# `steps: 20`, `guidance: 3`, `width: 512` or `negative_prompt: blurry`.",
    ]
    base = answers.base()
    if not base:
        return [*lines, "base: {}", ""]
    entries = [f"  {name}: {_yaml(value)}" for name, value in base.items()]
    return [*lines, "base:", *entries, ""]


def _axes(answers: Answers) -> list[str]:
    lines = [
        "# What varies: every combination is a picture. Any parameter can be an axis, and so can a",
        "# {placeholder} of the prompt, like `colour: [red, blue]`.",
        "axes:",
    ]
    for name, values in answers.axes().items():
        if name == "prompt" and isinstance(values, list):
            lines += ["  prompt:", *(f"    - {_yaml(prompt)}" for prompt in values)]
        elif name == "seed" and isinstance(values, dict):
            lines.append("  # {range: [0, 4]} is 0 to 3; {random: 4} draws four once")
            lines.append(f"  seed: {_yaml(values)}")
        else:
            lines.append(f"  {name}: {_yaml(values)}")
    return [*lines, ""]


def _metric(answers: Answers) -> list[str]:
    if answers.model == SHAPES:
        about = (
            "# What says how good a picture is: the judge of `shapes` counts what it finds right."
        )
        return [about, "metric: adherence", ""]
    return [
        "# What says how good a picture is, once it was measured (`dwlab metrics NAME --metric",
        "# clip_score`) or once pictures got stars in the prompt bench:",
        "# metric: clip_score",
        "",
    ]


def _yaml(value: object) -> str:
    """A value on one line: JSON is YAML too, and simple words need no quotes."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, dict):
        entries = [f"{name}: {_yaml(entry)}" for name, entry in value.items()]
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
