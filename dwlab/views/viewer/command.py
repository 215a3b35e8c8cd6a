"""The command that makes a picture of a table again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ..report.python_recipe import recipe, recipe_values

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

# parameters that `dwlab generate` has an option for, which takes the value as it is
OPTIONS = (
    "model",
    "negative_prompt",
    "seed",
    "steps",
    "guidance",
    "scheduler",
    "width",
    "height",
    "dtype",
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
    values = recipe_values(row)
    if not values.keys() <= set(OPTIONS):
        call = f"import dwlab; {recipe(row)}.save('out.png')"
        return f"python -c {shlex.quote(call)}"
    words = ["dwlab", "generate"]
    for name, value in values.items():
        words.append(f"--{name.replace('_', '-')}={value}")
    # after `--` a prompt may begin with a dash
    words += ["--", str(row.get("prompt", ""))]
    return shlex.join(words)
