"""A benchmark in words: base values, axes and the configurations they make. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .._util import yamlfile
from .._util.checks import check_whole_number, is_number
from ..errors import InvalidInput
from ..models import settings
from ..models.settings import Settings
from ..paths import check_name
from ..spec import accelerate, inputs, memory
from ..spec import axes as axis_values
from ..spec.cells import Expansion
from ..spec.names import LISTS, PARTS, under_own_names
from ..spec.params import FIELDS, GenerationParams
from ..spec.skips import Rules
from ..spec.zipped import all_groups, zip_groups
from .configuration import Configuration

BATCH_LIMIT = 1024
# Configurations: each costs at least seconds.
LIMIT = 500
PROMPT = "a large blue star at the center on a white background"
OWN = ("device", "batch", "size")
# what draws in another way than the stock call, which is what is measured
_NO_STOCK_CALL = ("method", "pipeline", accelerate.FIELD)
# pictures to start from, adapters and parts from elsewhere are not measured
NAMES = frozenset(
    {*OWN, *FIELDS, *settings.NAMES} - {*inputs.FIELDS, *LISTS, *PARTS, *_NO_STOCK_CALL}
)
PARITIES = ("auto", "picture", "denoiser", "none")
COUNT_LIMIT = 1000
SECONDS_LIMIT = 86_400


@dataclass(frozen=True)
class BenchSpec:
    """What to measure and how thoroughly.

    base, axes, zip, skip: as in a sweep, over parameters, `device`, `batch`, `size` (pixels of both
    sides) and settings (dwlab.models.settings). rounds: fresh processes per configuration. warmup,
    iterations, seconds: see `dwlab.bench.timing.measure`. timeout: seconds for one process. parity:
    what is compared with the CPU float32 reference: `picture` (the whole run again on the CPU),
    `denoiser` (its first call only), `none`, or `auto`, which is picture up to 256x256 pixels for a
    model with real weights. Raises InvalidInput naming the key.
    """

    name: str
    base: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Any] = field(default_factory=dict)
    zip: Sequence[Sequence[str]] = ()
    skip: Sequence[Mapping[str, Any]] = ()
    rounds: int = 3
    warmup: int = 1
    iterations: int = 5
    seconds: float = 1.0
    timeout: float = 1800.0
    parity: str = "auto"

    def __post_init__(self) -> None:
        check_name(self.name)
        check_whole_number("rounds", self.rounds, 1, COUNT_LIMIT)
        check_whole_number("warmup", self.warmup, 0, COUNT_LIMIT)
        check_whole_number("iterations", self.iterations, 1, COUNT_LIMIT)
        _check_seconds("seconds", self.seconds)
        _check_seconds("timeout", self.timeout)
        if self.parity not in PARITIES:
            raise InvalidInput("parity", self.parity, f"one of {', '.join(PARITIES)}")
        object.__setattr__(self, "base", _checked("base", self.base))
        object.__setattr__(self, "axes", _checked("axes", self.axes))

    @classmethod
    def from_yaml(cls, path: str | Path) -> BenchSpec:
        """The benchmark that a YAML file describes; its name defaults to the file's."""
        path = Path(path)
        written = {key: value for key, value in yamlfile.read(path).items() if value is not None}
        names = [f.name for f in fields(cls)]
        for key, value in written.items():
            if key not in names:
                raise InvalidInput(key, value, f"the keys {', '.join(names)}")
        return cls(**{"name": path.stem, **written})

    def quick(self) -> BenchSpec:
        """The same in less time: at most two rounds of at most two samples."""
        rounds = min(self.rounds, 2)
        return replace(self, rounds=rounds, iterations=min(self.iterations, 2), seconds=0.0)

    def vary(self, **axes: Sequence[Any] | None) -> BenchSpec:
        """A copy in which these axes have these values.

        They replace axes and base values of the same names; None leaves an axis as it is.
        """
        chosen = {name: list(values) for name, values in axes.items() if values is not None}
        base = {name: value for name, value in self.base.items() if name not in chosen}
        zipped = []
        for group in self.zip:
            remaining = [name for name in group if name not in chosen]
            if len(remaining) > 1:
                zipped.append(remaining)
        return replace(self, base=base, axes={**self.axes, **chosen}, zip=zipped)

    def with_measures(self, names: Sequence[str]) -> BenchSpec:
        """A copy in which models are computed with measures that save memory (`dwlab.spec.memory`).

        They replace axes and base values of the same settings. Raises InvalidInput for auto.
        """
        return self.vary(
            **{name: [value] for name, value in memory_settings(names).changed().items()}
        )

    def configurations(self, devices: Sequence[str]) -> list[Configuration]:
        """The configurations it makes, each once. The last axis varies fastest.

        devices: used if the benchmark names none.
        """
        configurations: dict[str, Configuration] = {}
        for point in self._points(devices):
            configuration = _configuration(point)
            configurations[configuration.id] = configuration
            if len(configurations) > LIMIT:
                raise InvalidInput("axes", f"more than {LIMIT} configurations", f"at most {LIMIT}")
        if not configurations:
            raise InvalidInput("skip", len(self.skip), "rules that leave something to measure")
        return list(configurations.values())

    def _points(self, devices: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The values of each combination that no rule skips."""
        axes = dict(self.axes)
        if "device" not in self.base:
            axes = {"device": list(devices), **axes}
        columns = {name: axis_values.values(name, values) for name, values in axes.items()}
        if any(isinstance(column, axis_values.RandomSeeds) for column in columns.values()):
            raise InvalidInput("axes.seed", axes["seed"], "seeds written out")
        groups = all_groups(zip_groups(self.zip), columns)
        expansion = Expansion(self.base, columns, groups, Rules(self.skip, NAMES))
        for point in expansion.points(seeds=()):
            yield {**self.base, **point}


def memory_settings(names: Sequence[str]) -> Settings:
    """Stock settings with measures that save memory; raises InvalidInput for auto."""
    if memory.AUTO in names:
        allowed = "names of measures: a benchmark says what it measures"
        raise InvalidInput("memory", memory.AUTO, allowed)
    return settings.STOCK.with_measures(names)


def _check_seconds(name: str, value: object) -> None:
    if not is_number(value) or not 0 <= value <= SECONDS_LIMIT:
        raise InvalidInput(name, value, "seconds, from 0 to 86,400")


def _checked(key: str, values: object) -> Mapping[str, Any]:
    """`base` or `axes` under dwlab's own names; raises InvalidInput for an unknown name."""
    if not isinstance(values, Mapping):
        raise InvalidInput(key, values, "a map from names to values")
    own = under_own_names(values, key)
    for name in own:
        if name not in NAMES:
            allowed = f"one of {', '.join(sorted(NAMES))}"
            if name.partition(".")[0] == accelerate.FIELD:
                allowed = "left out: `dwlab bench quality MODEL` measures accelerators"
            raise InvalidInput(f"{key}.{name}", values.get(name), allowed)
    return own


def _configuration(point: Mapping[str, Any]) -> Configuration:
    values = dict(point)
    device = values.pop("device")
    batch = values.pop("batch", 1)
    size = values.pop("size", None)
    check_whole_number("batch", batch, 1, BATCH_LIMIT)
    if not isinstance(device, str):
        raise InvalidInput("device", device, "a device's name, like cpu, mps or cuda:0")
    chosen = {name: values.pop(name) for name in settings.NAMES if name in values}
    if size is not None:
        if "width" in values or "height" in values:
            raise InvalidInput("size", size, "either size, or width and height")
        values |= {"width": size, "height": size}
    params = GenerationParams(**{"prompt": PROMPT, **values})
    return Configuration(params, device, batch, Settings.of(chosen))


DEFAULT = BenchSpec(
    "bench",
    base={"model": "shapes", "steps": 10},
    axes={"dtype": ["float32", "bfloat16"], "batch": [1, 4]},
)
