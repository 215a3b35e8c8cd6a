"""A sweep in words: base parameters, and the axes that vary them. Nothing here computes."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import InvalidInput, ModelError
from ..paths import check_any_name, check_name
from . import axes as axis_values
from . import (
    checkpoint_axes,
    experiment_file,
    input_files,
    memory,
    metric_requests,
    probes,
    search_checks,
    search_request,
    spans,
)
from .axes import Column, RandomSeeds
from .budget import Budget
from .cells import Cell, Expansion
from .dotted import named_once, with_dotted_names
from .names import under_own_names
from .overrides import overridden
from .own_code import swept
from .params import FIELDS
from .skips import Rules
from .sweep_checks import (
    check_axes,
    check_base,
    check_key,
    check_metrics,
    check_number_of_axes,
    check_rules_without_random_seeds,
)
from .zipped import all_groups, zip_groups

if TYPE_CHECKING:
    from .metric_requests import MetricRequest
    from .search_request import SearchRequest
    from .spans import Span

LIMIT = 10_000  # cells; a larger sweep must be asked for


@dataclass(frozen=True)
class SweepSpec:
    """Base parameters and the axes that vary them.

    name: of the sweep, and of the folder of its results.
    model: a catalog name, a folder or a hub id.
    base: parameters that stay the same; None is the model's own value, and an axis of the same name
        wins.
    axes: name -> values (see `dwlab.spec.axes.values`). A name is a field of GenerationParams, a
        dotted `call.NAME` or `scheduler_options.NAME`, or a `{placeholder}` of a prompt.
    zip: groups of names of axes that move together.
    skip: rules that drop combinations (see `dwlab.spec.skips`).
    metrics: names of metrics, some with options (see `dwlab.spec.metric_requests`), and metrics of
        your own (docs/own-metric.md), or None for all that apply as a picture is saved.
    metric: the one that says how good a picture is (None: see `dwlab.analysis.quality`).
    memory: measures that save memory, or "auto" (see `dwlab.spec.memory`); None for stock.
    method: a function of your own that makes the pictures, or `FILE.py:NAME`; short for `method` in
        base. Its parameters are axes like `method.strength`.
    probes: what is kept of each step (see `dwlab.spec.probes`).
    budget, search: what may be spent, and how cells are chosen within it, instead of computing all
        (see `dwlab.spec.budget` and `dwlab.spec.search_request`); None for both computes all.

    Raises InvalidInput, which names the key.
    """

    name: str
    model: str = "shapes"
    base: Mapping[str, object] = field(default_factory=dict)
    axes: Mapping[str, object] = field(default_factory=dict)
    zip: Sequence[Sequence[str]] = ()
    skip: Sequence[Mapping[str, object]] = ()
    metrics: Sequence[object] | None = None
    metric: str | None = None
    memory: object = None
    method: object = None
    probes: Sequence[str] = ()
    budget: object = None
    search: object = None
    _expansion: Expansion = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_any_name(self.name)
        base = {key: v for key, v in named_once("base", self.base).items() if v is not None}
        axes = named_once("axes", self.axes)
        model, base, axes = checkpoint_axes.moved_to_axes(self.model, base, axes)
        swept.check_once(self.method, base, axes)
        if self.method is not None:
            base["method"] = self.method
        if base.get("seed") == "random":
            del base["seed"]
            axes.setdefault("seed", {"random": 1})
        check_base(base)
        check_number_of_axes(axes)
        check_metrics(self.metrics, self.metric)
        if self.metrics is not None:
            self._set("metrics", metric_requests.with_code_read(self.metrics))
        self._set("probes", list(probes.parse(self.probes)))
        self._set("memory", memory.plain(memory.parse(self.memory)))
        self._set("method", None)
        self._set("model", base.pop("model", model or SweepSpec.model))
        self._set("base", {key: value for key, value in base.items() if key not in axes})
        self._set("axes", axes)
        self._set("zip", zip_groups(self.zip))
        self._set("skip", _rules_under_own_names(self.skip))
        self._set("_expansion", self._checked_expansion())
        search_checks.check(self)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _checked_expansion(self) -> Expansion:
        columns = {name: axis_values.values(name, values) for name, values in self.axes.items()}
        check_axes(self.base, columns)
        base, columns = swept.with_methods({"model": self.model, **self.base}, columns)
        columns, zipped = checkpoint_axes.with_numbers(self.axes, columns, self.zip)
        names = FIELDS | columns.keys() | with_dotted_names(base).keys()
        groups = all_groups(zipped, columns)
        rules = Rules(self.skip, names)
        if isinstance(columns.get("seed"), RandomSeeds):
            check_rules_without_random_seeds(self.skip)
        return Expansion(base, columns, groups, rules)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """The sweep that a YAML file describes; its name defaults to the file's."""
        document = experiment_file.read(Path(path))
        try:
            check_name(document.value["name"])
            return cls.from_dict(_with_paths_from(Path(path).parent, document.value))
        except InvalidInput as error:
            raise document.located(error) from None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The sweep that a plain map describes; raises InvalidInput for an unknown key."""
        keys = cls._keys()
        for key, value in values.items():
            check_key(str(key), value, keys)
        return cls(**{key: value for key, value in values.items() if value is not None})

    def as_dict(self) -> dict[str, object]:
        """The sweep as plain values, from which `from_dict` makes it again."""
        values = {key: getattr(self, key) for key in self._keys()}
        if self.metrics is not None:
            values["metrics"] = metric_requests.as_plain(self.metrics)
        # an empty list of metrics is no metrics, which is not the same as all of them
        is_kept = {key: bool(value) for key, value in values.items()}
        is_kept["metrics"] = self.metrics is not None
        kept = {key: value for key, value in values.items() if is_kept[key]}
        plain: dict[str, object] = json.loads(json.dumps(kept, default=swept.as_plain))
        return plain

    @classmethod
    def _keys(cls) -> list[str]:
        return [f.name for f in fields(cls) if f.init]

    def override(self, changes: Mapping[str, object]) -> Self:
        """A copy with some axes or base parameters replaced.

        A list or a map is an axis, which takes the place of the one it replaces. Any other value is
        a base value. None takes the name out of both, so that the model's own value holds. A map
        for `call` or `scheduler_options` is the whole base value, and replaces the axes, like
        `call.eta`, that it names. A placeholder that a new prompt does not name is dropped, and with it the
        skip rules about it. Raises InvalidInput for a name that is neither a parameter nor a
        placeholder.
        """
        return type(self)(**overridden(self, changes))

    def with_one_seed(self) -> Self:
        """The sweep with the first of its seeds alone, if it has the same cells for each seed.

        The sweep itself if that is not certain: seeds that repeat, move with another axis, or that
        skip rules may name.
        """
        seeds = self.values.get("seed")
        if seeds is None or self.skip or any("seed" in group for group in self.zip):
            return self
        # a search needs several seeds
        grid = self.as_grid()
        if isinstance(seeds, RandomSeeds):
            return grid.override({"seed": [0]})
        is_repeated = len(set(seeds)) < len(seeds)
        return self if is_repeated else grid.override({"seed": list(seeds[:1])})

    def as_grid(self, values: Mapping[str, Sequence[object]] | None = None) -> Self:
        """The sweep without its search, with all of its cells.

        values: of the continuous axes; of one that is left out they are its ends.
        """
        if self.request is None:
            return self
        ends = {name: list(span.ends) for name, span in self.spans.items()}
        return self.override({**ends, **(values or {}), "search": None, "budget": None})

    @property
    def own_metrics(self) -> list[MetricRequest]:
        """The metrics of the user's own, as far as their code is here."""
        return metric_requests.of_own(self.metrics)

    @property
    def measures(self) -> tuple[str, ...] | None:
        """The measures that save memory, for `Compute`."""
        return memory.parse(self.memory)

    @property
    def probe_names(self) -> tuple[str, ...]:
        """The probes, for `Compute`."""
        return tuple(self.probes)

    @property
    def most(self) -> Budget | None:
        """What a search may spend; None without a limit."""
        return None if self.budget is None else Budget.parse(self.budget)

    @property
    def request(self) -> SearchRequest | None:
        """How cells are chosen; None if all are computed."""
        if self.search is None and self.budget is not None:
            return search_request.SearchRequest()
        return search_request.parse(self.search)

    @property
    def spans(self) -> dict[str, Span]:
        """The continuous axes."""
        return {
            name: spans.parse(name, description)
            for name, description in self.axes.items()
            if isinstance(description, Mapping) and spans.is_span(description)
        }

    @property
    def values(self) -> dict[str, Column]:
        """The values of each axis, in the order of the sweep."""
        return dict(self._expansion.columns)

    @property
    def random_seeds(self) -> int:
        """How many seeds are to be drawn and kept in the store."""
        seeds = self._expansion.columns.get("seed")
        return seeds.count if isinstance(seeds, RandomSeeds) else 0

    def combinations(self) -> int:
        """How many combinations the axes make, before skip rules."""
        return self._expansion.combinations()

    def count(self) -> int:
        """How many combinations the skip rules leave.

        Raises InvalidInput if counting them would take too long.
        """
        return self._count

    @functools.cached_property
    def _count(self) -> int:
        return self._expansion.count(range(self.random_seeds))

    def cells(self, seeds: Sequence[int] | None = None, *, limit: int = LIMIT) -> list[Cell]:
        """The cells, validated, each set of parameters once; the last axis varies fastest.

        seeds: the values of a random seed axis; None stands for 0, 1, 2 and so on. Raises
        InvalidInput for a value that is not allowed, and for more than `limit` cells.
        """
        self._check_count(limit)
        if not self.random_seeds:
            seeds = ()
        elif seeds is None:
            seeds = range(self.random_seeds)
        return list(self._cells(tuple(seeds)))

    def _check_count(self, limit: int) -> None:
        count = self.count()
        if not count:
            allowed = f"rules that leave some of the {self.combinations():,} combinations"
            raise InvalidInput("skip", list(self.skip), allowed)
        if count > limit:
            allowed = f"at most {limit:,}; raise it with --limit {count} if you mean it"
            raise InvalidInput("axes", f"{count:,} cells", allowed)

    def _cells(self, seeds: tuple[int, ...]) -> list[Cell]:
        """The cells for these seeds, made once: planning, checking and running need the same."""
        made_for, cells = vars(self).get("_latest", (None, []))
        if made_for != seeds:
            try:
                cells = self._expansion.cells(seeds)
            except ModelError as error:
                raise ModelError(f"sweep {self.name!r}: {error}") from None
            self._set("_latest", (seeds, cells))
        return cells

    def idle_rules(self) -> list[str]:
        """The skip rules that drop nothing."""
        idle = self._expansion.rules.all
        if not idle:
            return []
        for dropping in self._expansion.dropping(range(self.random_seeds)):
            idle &= ~dropping
            if not idle:
                break
        return [str(dict(rule)) for index, rule in enumerate(self.skip) if idle >> index & 1]


def _with_paths_from(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """An experiment whose relative paths of pictures are taken from a folder."""
    moved = dict(values)
    for part in ("base", "axes"):
        if isinstance(values.get(part), Mapping):
            pictures_moved = input_files.beside(folder, under_own_names(values[part], part))
            files_moved = checkpoint_axes.beside(folder, pictures_moved)
            moved[part] = swept.beside(folder, files_moved)
    moved = swept.beside(folder, checkpoint_axes.beside(folder, moved))
    if isinstance(values.get("metrics"), list):
        moved["metrics"] = metric_requests.beside(folder, values["metrics"])
    return moved


def _rules_under_own_names(rules: Any) -> Any:
    """Skip rules under dwlab's own names; `Rules` refuses what is not a list of maps."""
    if not isinstance(rules, list | tuple):
        return rules
    return [
        named_once(f"skip[{index}]", rule) if isinstance(rule, Mapping) else rule
        for index, rule in enumerate(rules)
    ]
