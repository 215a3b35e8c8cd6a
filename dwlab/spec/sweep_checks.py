"""What the file of a sweep may say: its keys, and the names and values below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import InvalidInput
from . import (
    accelerate,
    accelerators,
    checkpoint_files,
    controls,
    foreign_names,
    ip_adapters,
    metric_requests,
    prompt_templates,
    refiners,
)
from .axes import Column, RandomSeeds, check_placeholder_values
from .dotted import child_of, is_dotted, is_parameter, parent_of
from .names import ARGUMENTS, CODE, LISTS, MAPS, PARTS, own_name
from .params import FIELDS

AXES_LIMIT = 100  # axes of a sweep


def check_key(key: str, value: object, keys: Sequence[str]) -> None:
    """Raise InvalidInput for a key that sweeps do not have."""
    if key in keys:
        return
    allowed = f"the keys {', '.join(keys)}"
    parameter = foreign_names.instead_of(key)
    if parameter is None and is_parameter(own_name(key)):
        parameter = key
    if parameter is not None:
        allowed = f"{allowed}; inside base or axes, {parameter}"
    raise InvalidInput(key, value, allowed)


def check_base(base: Mapping[str, object]) -> None:
    """Raise InvalidInput for an unknown name in `base`, and for several values of one name."""
    for name, value in base.items():
        check_name_known("base", name)
        if name in FIELDS and is_axis(name, value):
            raise InvalidInput(f"base.{name}", value, "one value; values that vary go into axes")


def check_number_of_axes(axes: Mapping[str, object]) -> None:
    """Raise InvalidInput for too many axes."""
    if len(axes) > AXES_LIMIT:
        raise InvalidInput("axes", f"{len(axes):,} axes", f"at most {AXES_LIMIT} axes")


def check_axes(base: Mapping[str, object], columns: Mapping[str, Column]) -> None:
    """Raise InvalidInput for an axis without meaning, and for a sweep without a prompt."""
    placeholders = prompt_templates.names_in_prompts(base, columns)
    for name in sorted(placeholders):
        prompt_templates.check_name(name)
    for name, column in columns.items():
        check_name_known("axes", name, placeholders)
        if name in placeholders and not isinstance(column, RandomSeeds):
            check_placeholder_values(name, column)
        parent = parent_of(name)
        # of several methods, those that have a parameter take it
        if is_dotted(name) and parent in columns and parent not in CODE:
            allowed = f"one axis for it: {parent} is an axis too"
            raise InvalidInput(f"axes.{name}", name, allowed)
    if "prompt" not in base and "prompt" not in columns:
        raise InvalidInput("base.prompt", None, "a prompt, in base or as an axis")


def check_name_known(where: str, name: str, placeholders: Iterable[str] = ()) -> None:
    """Raise InvalidInput for a name that is neither a parameter nor a placeholder of a prompt.

    where: the part of the file, like `axes`.
    """
    is_argument = parent_of(name) in ARGUMENTS and child_of(name).isidentifier()
    is_inside = name.startswith("loras.") and name.endswith(".weight")
    is_inside |= name.startswith("control.") and name.endswith(controls.ATTRIBUTES)
    is_inside |= parent_of(name) == "components" and child_of(name).isidentifier()
    is_inside |= name.startswith("ip_adapter.") and name.endswith(ip_adapters.ATTRIBUTES)
    is_inside |= parent_of(name) == accelerate.FIELD and child_of(name) in accelerators.BY_NAME
    is_inside |= parent_of(name) == "method" and child_of(name).isidentifier()
    is_inside |= parent_of(name) == "refiner" and child_of(name) in refiners.ATTRIBUTES
    if name in FIELDS or name in placeholders or is_argument or is_inside:
        return
    if parent_of(name) == accelerate.FIELD:
        ways = ", ".join(f"{accelerate.FIELD}.{each}" for each in accelerators.BY_NAME)
        raise InvalidInput(f"{where}.{name}", name, f"one of {ways}")
    allowed = foreign_names.instead_of(name)
    if allowed is None:
        allowed = (
            f"{', '.join(sorted(FIELDS))}, call.NAME, scheduler_options.NAME, loras.NAME.weight, "
            "control.NAME, ip_adapter.NAME, refiner.NAME, components.NAME, method.NAME, "
            "accelerate.NAME"
        )
        if where != "base":
            listed = ", ".join(sorted(placeholders)) or "it has none"
            allowed += f", or a {{placeholder}} of the prompt ({listed})"
    raise InvalidInput(f"{where}.{name}", name, allowed)


def check_rules_without_random_seeds(rules: Iterable[Mapping[str, object]]) -> None:
    """Raise InvalidInput for a skip rule about seeds that are not drawn yet."""
    for index, rule in enumerate(rules):
        if "seed" in rule:
            allowed = "rules about other axes, because the seeds are random"
            raise InvalidInput(f"skip[{index}].seed", rule["seed"], allowed)


def check_metrics(metrics: object, metric: object) -> None:
    """Raise InvalidInput unless `metrics` is a list of metrics, `metric` a name, or they are None."""
    if metrics is not None:
        if not isinstance(metrics, list | tuple):
            raise InvalidInput("metrics", metrics, "a list of names of metrics")
        metric_requests.parse(metrics)
    if not isinstance(metric, str | None):
        raise InvalidInput("metric", metric, "the name of one metric, like adherence or stars")


def is_axis(name: str, value: object) -> bool:
    """Whether what is given for a name are the values of an axis, not one value."""
    if checkpoint_files.is_description(name, value):
        return True
    if name in LISTS and isinstance(value, list | tuple):
        return any(isinstance(item, list | tuple | None) for item in value)
    is_description = isinstance(value, Mapping) and name not in (*MAPS, *LISTS, *PARTS, *CODE)
    return is_description or isinstance(value, list | tuple | range)
