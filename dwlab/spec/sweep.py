"""A sweep in words: base parameters and axes, and the cells they make. Nothing here computes."""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .._util.gc_paused import uncollected
from ..errors import InvalidInput, ModelError
from ..paths import check_any_name, check_name
from . import axes as axis_values
from . import experiment_file, foreign_names, prompt_templates, skips
from .axes import Column, RandomSeeds
from .names import SPELLINGS, TEXTS, under_own_names
from .params import ENTANGLED, FIELDS, GenerationParams

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 10_000  # cells; a larger sweep must be asked for
AXES_LIMIT = 100  # axes of a sweep
_MAPS = ("call", "scheduler_options")


@dataclass(frozen=True)
class Cell:
    """One point of a sweep: its parameters, and each axis' value as it was written."""

    position: int
    params: GenerationParams
    axes: dict[str, Any]


@dataclass(frozen=True)
class SweepSpec:
    """Base parameters and the axes that vary them.

    axes: name -> values (see `dwlab.spec.axes.values`); a name is a field of GenerationParams, a dotted
    `call.NAME` or `scheduler_options.NAME`, or a `{placeholder}` of a prompt. An axis wins over a base
    value of its name, and a base value of None is the model's own. zip: groups of axis names that move
    together. skip: rules that drop combinations (see `dwlab.spec.skips`). metrics: names of metrics, or None
    for all that apply. metric: the one that says how good a picture is (higher is better), if not the usual one (see
    `dwlab.analysis.quality`). Raises InvalidInput naming the key.
    """

    name: str
    model: str = "shapes"
    base: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Any] = field(default_factory=dict)
    zip: Sequence[Sequence[str]] = ()
    skip: Sequence[Mapping[str, Any]] = ()
    metrics: Sequence[str] | None = None
    metric: str | None = None
    _values: dict[str, Column] = field(init=False, repr=False, compare=False)
    _groups: list[tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _still: dict[str, Any] = field(init=False, repr=False, compare=False)
    _rules: skips.Rules = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_any_name(self.name)
        base = {
            name: value for name, value in _names("base", self.base).items() if value is not None
        }
        axes = _names("axes", self.axes)
        if base.get("seed") == "random":
            del base["seed"]
            axes.setdefault("seed", {"random": 1})
        _check_base(base)
        self._set("model", base.pop("model", self.model))
        base = {name: value for name, value in base.items() if name not in axes}
        if len(axes) > AXES_LIMIT:
            raise InvalidInput("axes", f"{len(axes):,} axes", f"at most {AXES_LIMIT} axes")
        self._set("base", base)
        self._set("axes", axes)
        self._set("_values", {name: axis_values.values(name, spec) for name, spec in axes.items()})
        self._check_axes()
        self._set("zip", axis_values.zip_groups(self.zip))
        self._set("_groups", axis_values.grouped(self.zip, self._values))
        self._set("_still", {"model": self.model, **_flat(base)})
        self._set("skip", _named_rules(self.skip))
        self._set("_rules", skips.Rules(self.skip, frozenset({*axes, *self._still} | FIELDS)))
        for k, rule in enumerate(self.skip):
            if self.random_seeds and "seed" in rule:
                raise InvalidInput(
                    f"skip[{k}].seed", rule["seed"], "rules on other axes, where seeds are random"
                )
        if self.metrics is not None and not (
            isinstance(self.metrics, list | tuple) and all(isinstance(m, str) for m in self.metrics)
        ):
            raise InvalidInput("metrics", self.metrics, "a list of names of metrics")
        if not isinstance(self.metric, str | None):
            raise InvalidInput(
                "metric", self.metric, "the name of one metric, like adherence or stars"
            )

    def _check_axes(self) -> None:
        filled = _placeholders(self.base, self.axes)
        for name in sorted(filled):
            prompt_templates.check_name(name)
        for name, column in self._values.items():
            _known("axes", name, filled)
            if name in filled and not isinstance(column, RandomSeeds):
                axis_values.check_texts(name, column)
            parent = name.partition(".")[0]
            if parent != name and parent in self.axes:
                raise InvalidInput(
                    f"axes.{name}", name, f"one axis for it: {parent} is an axis too"
                )
        if "prompt" not in self.base and "prompt" not in self.axes:
            raise InvalidInput("base.prompt", None, "a prompt, in base or as an axis")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Any:
        """The sweep that a YAML file describes; its name defaults to the file's."""
        from pathlib import Path

        document = experiment_file.read(Path(path))
        try:
            check_name(document.value["name"])
            return cls.from_dict(document.value)
        except InvalidInput as error:
            raise document.located(error) from None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Any:
        """The sweep that a plain map describes; raises InvalidInput for an unknown key."""
        names = [f.name for f in fields(cls) if f.init]
        for key in values:
            if key not in names:
                raise InvalidInput(str(key), values[key], _instead_of_key(str(key), names))
        return cls(**{k: v for k, v in values.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """The sweep as plain values, from which `from_dict` makes it again."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        said = {
            k: v for k, v in values.items() if v or (k == "metrics" and v is not None)
        }  # no metrics is not all
        return json.loads(json.dumps(said, default=list))

    def override(self, changes: Mapping[str, Any]) -> Any:
        """A copy with some axes or base parameters replaced.

        A list or a map is an axis, in the place of the axis it replaces; another value is a base value; None
        takes the name out of both, back to the model's own. A map for `call` or `scheduler_options` is the base
        value of all of it, and of the axes (`call.eta`) that it names. A placeholder that the new prompt does not
        name goes, and with it the skip rules that ask for it. Raises InvalidInput for a name that is neither a
        parameter nor a placeholder.
        """
        given = _names("overrides", changes)
        name = check_name(given.pop("name")) if "name" in given else self.name
        base, axes = dict(self.base) | {"model": self.model}, dict(self.axes)
        for key in sorted(
            (k for k in given if _is_parameter(k)), key=lambda k: "." in k
        ):  # call before call.eta
            _replace(base, axes, key, given[key])
        filled = _placeholders(base, axes)
        for key, value in given.items():
            _known("overrides", key, filled)
            if not _is_parameter(key):
                axes[key] = value if value is None or _is_axis(key, value) else [value]
        axes = {
            k: v for k, v in axes.items() if v is not None and (_is_parameter(k) or k in filled)
        }
        moving = {k for k in axes if k not in given or _is_axis(k, given[k])}
        zipped = [[k for k in group if k in moving] for group in self.zip]
        names = FIELDS | axes.keys() | _flat(base).keys()
        return type(self)(
            name,
            base=base,
            axes=axes,
            zip=[group for group in zipped if len(group) > 1],
            skip=[rule for rule in self.skip if rule.keys() <= names],
            metrics=self.metrics,
            metric=self.metric,
        )

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
        return math.prod(len(self._values[group[0]]) for group in self._groups)

    def count(self) -> int:
        """How many cells the sweep has, exactly; raises InvalidInput where that cannot be counted."""
        return self._count

    @functools.cached_property
    def _count(self) -> int:
        if not self._rules:
            return self.combinations()
        return sum(not dropping for _, dropping in self._combinations(range(self.random_seeds)))

    def cells(self, seeds: Sequence[int] | None = None, *, limit: int = LIMIT) -> list[Cell]:
        """The cells, validated, each set of parameters once; the last axis varies fastest.

        seeds: the drawn values where the seed axis is random (placeholders 0, 1, ... if None).
        Raises InvalidInput for a value that is not allowed, or for more than `limit` cells.
        """
        total = self.count()
        if not total:
            raise InvalidInput(
                "skip",
                list(self.skip),
                f"rules that leave some of the {self.combinations():,} combinations",
            )
        if total > limit:
            raise InvalidInput(
                "axes",
                f"{total:,} cells",
                f"at most {limit:,}; raise it with --limit {total} if you mean it",
            )
        drawn = range(self.random_seeds) if seeds is None else seeds
        return list(self._made(tuple(drawn) if self.random_seeds else ()))

    def _made(self, seeds: tuple[int, ...]) -> list[Cell]:
        """The cells of these seeds, made once: planning, checking and running ask for the same ones."""
        before, cells = vars(self).get("_latest", (None, []))
        if before != seeds:
            cells = self._make(seeds)
            self._set("_latest", (seeds, cells))
        return cells

    def _make(self, seeds: Sequence[int]) -> list[Cell]:
        found: dict[GenerationParams, Cell] = {}
        asked: dict[str, Any] = {}
        params: GenerationParams | None = None
        with uncollected():
            for point in self._kept(seeds):
                before = asked
                try:
                    asked = self._asked(point)
                    params = self._params(asked, params, before)
                except InvalidInput as error:
                    raise error.at(self._path(error.field, point)) from None
                except ModelError as error:
                    raise ModelError(f"sweep {self.name!r}: {error}") from None
                found.setdefault(params, Cell(len(found), params, point))
        return list(found.values())

    def idle_rules(self) -> list[str]:
        """The skip rules that drop nothing."""
        idle = self._rules.all
        for _, dropping in self._combinations(range(self.random_seeds)) if idle else ():
            idle &= ~dropping
            if not idle:
                break
        return [str(dict(rule)) for k, rule in enumerate(self.skip) if idle >> k & 1]

    def _combinations(self, seeds: Sequence[int]) -> Iterator[tuple[tuple[skips.Step, ...], int]]:
        """Each combination, in the parts that move together, with the skip rules that drop it (see `skips.Rules`)."""
        self._rules.check_work(self._values, self.combinations())
        groups = [axis_values.joint(group, self._values, seeds) for group in self._groups]
        return self._rules.combine(self._still, groups)

    def _kept(self, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
        for steps, dropping in self._combinations(seeds):
            if not dropping:
                point = {name: value for step in steps for name, value in step.items()}
                yield {name: point[name] for name in self._values} if self.zip else point

    @functools.cached_property
    def _fixed(self) -> dict[str, Any]:
        """What `base` says, `call` before `call.eta`."""
        return _entered(
            {"model": self.model}, dict(sorted(self.base.items(), key=lambda item: "." in item[0]))
        )

    def _asked(self, point: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a point as they were written, placeholders filled in."""
        values = _entered(self._fixed, point)
        for name in TEXTS:
            text = values.get(name)
            if isinstance(text, str) and ("{" in text or "}" in text):
                values[name] = prompt_templates.fill(name, text, point)
        return values

    @staticmethod
    def _params(
        asked: dict[str, Any], last: GenerationParams | None, before: dict[str, Any]
    ) -> GenerationParams:
        """The parameters of a point; where the cell before has most of them, only what changes is validated."""
        if last is not None and asked.keys() == before.keys():
            changes = {name: value for name, value in asked.items() if value is not before[name]}
            if not changes.keys() & ENTANGLED:
                return last.replace(**changes)
        return GenerationParams(**asked)

    def _path(self, field: str, point: Mapping[str, Any]) -> str:
        """Where a sweep says what a field of a cell is: `base.steps`, or `axes.steps[2]` for the third of its values."""
        parent, _, _ = field.partition(".")
        axis = next((name for name in (field, parent) if name in point), None)
        if axis is None:
            return f"base.{field}"
        column = self._values[axis]
        places = () if isinstance(column, RandomSeeds) else enumerate(column)
        number = next((f"[{k}]" for k, value in places if value is point[axis]), "")
        return f"axes.{axis}{number}{field.removeprefix(axis)}"


def _instead_of_key(key: str, names: list[str]) -> str:
    """What to write in place of a key that a sweep does not have."""
    ours = foreign_names.instead_of(key) or (
        key if _is_parameter(SPELLINGS.get(key, key)) else None
    )
    keys = f"the keys {', '.join(names)}"
    return f"{keys}; inside base or axes, {ours}" if ours else keys


def _entered(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the parameters of `given`, those with a dotted name inside the map that they belong to."""
    found = dict(values)
    for name, value in given.items():
        if name in FIELDS:
            found[name] = value
        elif "." in name:
            parent, _, child = name.partition(".")
            found[parent] = {**_mapping(f"base.{parent}", found.get(parent, {})), child: value}
    return found


def _names(place: str, given: Any) -> dict[str, Any]:
    """The entries of a map under dwlab's own names; raises InvalidInput where `call.eta` stands beside `call: {eta: }`."""
    found = under_own_names(_mapping(place, given), place)
    for name in found:
        parent, _, child = name.partition(".")
        inside = found.get(parent) if child else None
        if isinstance(inside, Mapping) and child in inside:
            raise InvalidInput(
                f"{place}.{name}", found[name], f"only one place: it is in {place}.{parent} too"
            )
    return found


def _named_rules(rules: Any) -> Any:
    """Skip rules under dwlab's own names; what is no rule is left for `skips` to refuse."""
    if not isinstance(rules, list | tuple):
        return rules
    return [
        _names(f"skip[{k}]", rule) if isinstance(rule, Mapping) else rule
        for k, rule in enumerate(rules)
    ]


def _replace(base: dict[str, Any], axes: dict[str, Any], name: str, value: Any) -> None:
    """Put a new value in the place of all that `base` and `axes` say of a parameter."""
    parent, _, child = name.partition(".")
    if child and isinstance(base.get(parent), Mapping):
        base[parent] = {k: v for k, v in base[parent].items() if k != child}
    for other in [k for k in base if k == name or k.startswith(f"{name}.")]:
        del base[other]
    if name in _MAPS and isinstance(value, Mapping):
        for inside in value:
            axes.pop(f"{name}.{inside}", None)
    if name == "seed" and value == "random":
        axes[name] = {"random": 1}
    elif _is_axis(name, value):
        axes[name] = value
    else:
        axes.pop(name, None)
        base |= {} if value is None else {name: value}


def _is_axis(name: str, value: Any) -> bool:
    """Whether a value that is given for a name is an axis' values."""
    return isinstance(value, list | tuple | range) or (
        isinstance(value, Mapping) and name not in _MAPS
    )


def _is_parameter(name: str) -> bool:
    return name in FIELDS or "." in name


def _flat(base: Mapping[str, Any]) -> dict[str, Any]:
    """Base values, those inside `call` and `scheduler_options` under their dotted names too."""
    inside = {
        f"{name}.{k}": v
        for name in _MAPS
        if isinstance(base.get(name), Mapping)
        for k, v in base[name].items()
    }
    return {**inside, **base}


def _placeholders(base: Mapping[str, Any], axes: Mapping[str, Any]) -> frozenset[str]:
    """The names in braces in all prompts."""
    texts = [base.get(name) for name in TEXTS]
    for name in TEXTS:
        texts += axes[name] if isinstance(axes.get(name), list | tuple) else []
    return frozenset(
        itertools.chain.from_iterable(
            prompt_templates.names(text) for text in texts if isinstance(text, str)
        )
    )


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise InvalidInput(name, value, "a map from names to values")
    return value


def _check_base(base: Mapping[str, Any]) -> None:
    for name, value in base.items():
        _known("base", name, frozenset())
        if name in FIELDS and _is_axis(name, value):
            raise InvalidInput(f"base.{name}", value, "one value; values that vary go into axes")


def _known(place: str, name: str, filled: frozenset[str]) -> None:
    parent, _, child = name.partition(".")
    if name in FIELDS or name in filled or (parent in _MAPS and child.isidentifier()):
        return
    if ours := foreign_names.instead_of(name):
        raise InvalidInput(f"{place}.{name}", name, ours)
    hint = f", or a {{placeholder}} of the prompt ({', '.join(sorted(filled)) or 'it has none'})"
    hint = "" if place == "base" else hint
    raise InvalidInput(
        f"{place}.{name}",
        name,
        f"{', '.join(sorted(FIELDS))}, call.NAME, scheduler_options.NAME{hint}",
    )
