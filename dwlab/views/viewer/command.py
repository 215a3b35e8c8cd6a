"""The command that makes a picture of a table again."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ...spec import schedulers
from ..report.python_recipe import recipe, recipe_values

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

# parameters that `dwlab generate` has an option for, which takes the value as it is
OPTIONS = (
    "model",
    "negative_prompt",
    "image",
    "strength",
    "mask",
    "mask_padding",
    "mask_blur",
    "seed",
    "steps",
    "guidance",
    "scheduler",
    "width",
    "height",
    "dtype",
    "config",
    "variant",
    "prediction",
    "noise",
    "long_prompt",
    "prompt_weighting",
)


def command(row: Mapping[Hashable, object]) -> str:
    """A line for a shell that makes a row's picture: `dwlab generate` if it has all the options.

    Everything that is not plain is quoted, so that a shell runs nothing in a prompt.
    """
    options = _options(recipe_values(row))
    if options is None:
        call = f"import dwlab; {recipe(row)}.save('out.png')"
        return f"python -c {shlex.quote(call)}"
    # after `--` a prompt may begin with a dash
    words = ["dwlab", "generate", *options, "--", str(row.get("prompt", ""))]
    return shlex.join(words)


def _options(values: dict[str, Any]) -> list[str] | None:
    """The options of `dwlab generate` for the parameters of a picture; None if it lacks some."""
    plain = dict(values)
    _name_scheduler(plain)
    loras = _loras(plain.pop("loras", []))
    accelerators = plain.pop("accelerate", {})
    if loras is None or not plain.keys() <= set(OPTIONS):
        return None
    options = [f"--{name.replace('_', '-')}={value}" for name, value in plain.items()]
    options += [f"--lora={lora}" for lora in loras]
    options += [f"--accelerate={name}={json.dumps(value)}" for name, value in accelerators.items()]
    return options


def _name_scheduler(values: dict[str, Any]) -> None:
    """Replace a scheduler and its options by the one name for both, if there is one."""
    options = values.get("scheduler_options", {})
    name = schedulers.display_name(str(values.get("scheduler", "")), options)
    if options and name in schedulers.ALIASES:
        del values["scheduler_options"]
        values["scheduler"] = name


def _loras(entries: list[dict[str, Any]]) -> list[str] | None:
    """LoRAs as `--lora` takes them; None if it cannot name one."""
    options = []
    for entry in entries:
        file = str(entry.get("file", ""))
        usual_name = PurePath(file).stem
        if not file or entry.get("hub") or entry.get("name", usual_name) != usual_name:
            return None
        options.append(f"{file}:{entry.get('weight', 1.0)}")
    return options
