"""A sweep in words: base parameters and axes, and the cells they make. Nothing here computes."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from . import axes as axis_values
from . import skips, yamlfile
from .axes import RandomSeeds
from .errors import InvalidInput, ModelError
from .params import FIELDS, SPELLINGS, GenerationParams
from .paths import check_name

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 10_000  # cells; a larger sweep must be asked for
_ENUMERATE = 5_000_000  # combinations that are walked through to count what skip rules leave
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")
_TEXTS = ("prompt", "negative_prompt")
_MAPS = ("call", "scheduler_options")
# columns of the results table beside the parameters, which a placeholder must not hide
TAKEN = frozenset(
    [
        "key",
        "experiment",
        "device",
        "seconds",
        "device_seconds",
        "status",
        "error",
        "image",
        "created",
        "versions",
        "pixels",
        "brightness",
        "contrast",
        "sharpness",
        "colourfulness",
        "blank",
        "nan",
        "found_shape",
        "found_colour",
        "found_size",
        "found_position",
        "found_background",
        "adherence",
    ]
)
Column = tuple[Any, ...] | RandomSeeds  # the values of an axis


@dataclass(frozen=True)
class Cell:
    """One point of a sweep: its parameters, and each axis' value as it was written."""

    position: int
    params: GenerationParams
    axes: dict[str, Any]


@dataclass(frozen=True)
class SweepSpec:
    """Base parameters and the axes that vary them.

    axes: name -> values (see `dwlab.axes.values`); a name is a field of GenerationParams, a dotted
    `call.NAME` or `scheduler_options.NAME`, or a `{placeholder}` of a prompt. zip: groups of axis
    names that move together. skip: rules that drop combinations (see `dwlab.skips`). metrics:
    names of metrics, or None for all that apply. Raises InvalidInput naming the key.
    """

    name: str
    model: str = "shapes"
    base: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Any] = field(default_factory=dict)
    zip: Sequence[Sequence[str]] = ()
    skip: Sequence[Mapping[str, Any]] = ()
    metrics: Sequence[str] | None = None
    _values: dict[str, Column] = field(init=False, repr=False, compare=False)
    _groups: list[tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _rules: list[skips.Test] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        base, axes = _spelled("base", self.base), _spelled("axes", self.axes)
        if base.get("seed") == "random":
            del base["seed"]
            axes.setdefault("seed", {"random": 1})
        for name in base:
            _known("base", name, frozenset())
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "_values", {name: axis_values.values(name, spec) for name, spec in axes.items()})
        placeholders = self._placeholders()
        for name in sorted(placeholders & TAKEN):
            raise InvalidInput("prompt", f"{{{name}}}", "another word: the table has a column of that name")
        for name in axes:
            _known("axes", name, placeholders)
        if "prompt" not in base and "prompt" not in axes:
            raise InvalidInput("base.prompt", None, "a prompt, in base or as an axis")
        object.__setattr__(self, "_groups", _groups(self.zip, self._values))
        object.__setattr__(self, "_rules", skips.compile_rules(self.skip, frozenset(axes) | FIELDS))
        if self.metrics is not None and not (
            isinstance(self.metrics, list | tuple) and all(isinstance(m, str) for m in self.metrics)
        ):
            raise InvalidInput("metrics", self.metrics, "a list of names of metrics")

    @classmethod
    def from_yaml(cls, path: str | Path) -> Any:
        """The sweep that a YAML file describes; its name defaults to the file's."""
        from pathlib import Path

        path = Path(path)
        given = {key: value for key, value in yamlfile.read(path).items() if value is not None}
        return cls.from_dict({"name": path.stem, **given})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Any:
        """The sweep that a plain map describes; raises InvalidInput for an unknown key."""
        names = [f.name for f in fields(cls) if f.init]
        for key in values:
            if key not in names:
                raise InvalidInput(str(key), values[key], f"the keys {', '.join(names)}")
        return cls(**{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """The sweep as plain values, from which `from_dict` makes it again."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        return json.loads(json.dumps({k: v for k, v in values.items() if v or k == "name"}, default=list))

    def override(self, changes: Mapping[str, Any]) -> Any:
        """A copy with some axes or base parameters replaced: a list or a map is an axis, a scalar a base value.

        Raises InvalidInput for a name that is neither a parameter nor an axis of this sweep.
        """
        base, axes = dict(self.base), dict(self.axes)
        parts: dict[str, Any] = {"name": self.name, "model": self.model}
        fixed = set()  # axes that a scalar takes out of their zip group
        for given, value in changes.items():
            key = SPELLINGS.get(given, given) if isinstance(given, str) else str(given)
            if key == "name":
                parts["name"] = value
                continue
            _known("overrides", key, frozenset(self.axes))
            base.pop(key, None)
            if isinstance(value, list | dict) and key not in _MAPS:
                axes[key] = value
                continue
            fixed.add(key)
            if key not in FIELDS and "." not in key:
                axes[key] = [value]  # a placeholder stays an axis, of one value
                continue
            axes.pop(key, None)
            (parts if key == "model" else base)[key] = value
        zipped = [[name for name in group if name not in fixed] for group in self.zip]
        zipped = [group for group in zipped if len(group) > 1]
        return type(self)(**parts, base=base, axes=axes, zip=zipped, skip=self.skip, metrics=self.metrics)

    @property
    def values(self) -> dict[str, Column]:
        """The values of each axis, in the order of the sweep."""
        return dict(self._values)

    @property
    def random_seeds(self) -> int:
        """How many seeds this sweep wants drawn and stored."""
        seeds = self.values.get("seed")
        return seeds.count if isinstance(seeds, RandomSeeds) else 0

    def combinations(self) -> int:
        """How many combinations the axes make, before skip rules."""
        return math.prod(len(_points(group, self.values, ())) for group in self._groups)

    def count(self) -> int:
        """How many cells the sweep has, exactly; raises InvalidInput where that cannot be counted."""
        total = self.combinations()
        if not self._rules:
            return total
        if total > _ENUMERATE:
            raise InvalidInput("axes", f"{total:,} combinations", f"at most {_ENUMERATE:,} before skip rules")
        return sum(1 for _ in self._kept(range(self.random_seeds)))

    def cells(self, seeds: Sequence[int] | None = None, *, limit: int = LIMIT) -> list[Cell]:
        """The cells, validated, each set of parameters once; the last axis varies fastest.

        seeds: the drawn values where the seed axis is random (placeholders 0, 1, ... if None).
        Raises InvalidInput for a value that is not allowed, or for more than `limit` cells.
        """
        total = self.count()
        if not total:
            raise InvalidInput(
                "skip", list(self.skip), f"rules that leave some of the {self.combinations():,} combinations"
            )
        if total > limit:
            raise InvalidInput(
                "axes", f"{total:,} cells", f"at most {limit:,}; raise it with --limit {total} if you mean it"
            )
        found: dict[GenerationParams, Cell] = {}
        for point in self._kept(range(self.random_seeds) if seeds is None else seeds):
            params = self._params(point)
            found.setdefault(params, Cell(len(found), params, point))
        return list(found.values())

    def idle_rules(self) -> list[str]:
        """The skip rules that drop nothing."""
        points = list(self._points(range(self.random_seeds)))
        return [
            str(dict(rule))
            for rule, test in zip(self.skip, self._rules, strict=True)
            if not any(test(self._seen(p)) for p in points)
        ]

    def _points(self, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
        groups = [_points(group, self.values, seeds) for group in self._groups]
        order = list(self.values)
        for combination in itertools.product(*groups):
            point = {k: v for part in combination for k, v in part.items()}
            yield {name: point[name] for name in order}

    def _kept(self, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
        rules = self._rules
        for point in self._points(seeds):
            if not rules or not any(test(self._seen(point)) for test in rules):
                yield point

    def _seen(self, point: dict[str, Any]) -> dict[str, Any]:
        """What a skip rule may ask about: the axes, and the base values that stand still."""
        return {"model": self.model, **self.base, **point}

    def _params(self, point: dict[str, Any]) -> GenerationParams:
        values: dict[str, Any] = {"model": self.model, **{k: v for k, v in self.base.items() if "." not in k}}
        for name, value in {**{k: v for k, v in self.base.items() if "." in k}, **point}.items():
            parent, _, child = name.partition(".")
            if child:
                values[parent] = {**_mapping(parent, values.get(parent, {})), child: value}
            elif name in FIELDS:
                values[name] = value
        for name in _TEXTS:
            if isinstance(values.get(name), str):
                values[name] = _fill(name, values[name], point)
        try:
            return GenerationParams(**values)
        except InvalidInput as error:
            swept = error.field in point
            raise error.at(f"{'axes' if swept else 'base'} of sweep {self.name!r}") from None
        except ModelError as error:
            raise ModelError(f"sweep {self.name!r}: {error}") from None

    def _placeholders(self) -> frozenset[str]:
        texts = [self.base.get(name) for name in _TEXTS]
        for name in _TEXTS:
            swept = self.values.get(name, ())
            texts += [] if isinstance(swept, RandomSeeds) else list(swept)
        return frozenset(m[1] for text in texts if isinstance(text, str) for m in _PLACEHOLDER.finditer(text) if m[1])


def _fill(name: str, template: str, point: Mapping[str, Any]) -> str:
    def one(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0][0]
        if match[1] not in point or match[1] in FIELDS:
            raise InvalidInput(
                name, match[0], f"a placeholder that is an axis ({', '.join(a for a in point if a not in FIELDS) or 'none is'}); "
                f"write {{{{{match[1]}}}}} for the plain text"
            )  # fmt: skip
        return str(point[match[1]])

    return _PLACEHOLDER.sub(one, template)


def _points(group: Sequence[str], values: Mapping[str, Any], seeds: Sequence[int]) -> Any:
    """The joint values of axes that move together; only their number where the seeds are not given."""
    columns = []
    for name in group:
        column = values[name]
        columns.append((seeds or range(column.count)) if isinstance(column, RandomSeeds) else column)
    return [dict(zip(group, row, strict=True)) for row in zip(*columns, strict=True)]


def _groups(zipped: Any, values: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The axes in groups: those that are zipped together, and each other axis alone."""
    if not isinstance(zipped, list | tuple) or not all(isinstance(g, list | tuple) for g in zipped):
        raise InvalidInput("zip", zipped, "a list of groups of axis names, like [[scheduler, steps]]")
    member: dict[str, tuple[str, ...]] = {}
    for group in zipped:
        lengths = {}
        for name in group:
            if not isinstance(name, str) or name not in values or name in member or name in lengths:
                raise InvalidInput("zip", name, f"an axis, once ({', '.join(values)})")
            column = values[name]
            lengths[name] = column.count if isinstance(column, RandomSeeds) else len(column)
        if len(set(lengths.values())) > 1:
            raise InvalidInput("zip", lengths, "axes of the same length")
        member |= dict.fromkeys(group, tuple(group))
    return list(dict.fromkeys(member.get(name, (name,)) for name in values))


def _spelled(place: str, given: Any) -> dict[str, Any]:
    """The entries of a map under dwlab's own names."""
    found: dict[str, Any] = {}
    for name, value in _mapping(place, given).items():
        own = SPELLINGS.get(name, name)
        if own in found:
            raise InvalidInput(f"{place}.{name}", value, f"one spelling only: {own} is given twice")
        found[own] = value
    return found


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise InvalidInput(name, value, "a map from names to values")
    return value


def _known(place: str, name: str, placeholders: frozenset[str]) -> None:
    parent, _, child = name.partition(".")
    if name in FIELDS or name in placeholders or (parent in _MAPS and child.isidentifier()):
        return
    hint = "" if place == "base" else ", or a {placeholder} of the prompt"
    raise InvalidInput(f"{place}.{name}", name, f"{', '.join(sorted(FIELDS))}, call.NAME, scheduler_options.NAME{hint}")
