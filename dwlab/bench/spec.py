"""A benchmark in words: base values and axes, and the configurations that they make. Nothing here computes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .._util import yamlfile
from .._util.checks import check_whole_number, is_number
from ..errors import InvalidInput
from ..models import settings
from ..models.settings import Settings
from ..paths import check_name
from ..spec import axes as axis_values
from ..spec.cells import Expansion
from ..spec.names import under_own_names
from ..spec.params import FIELDS, GenerationParams
from ..spec.skips import Rules
from ..spec.zipped import all_groups, zip_groups

BATCH_LIMIT = 1024
LIMIT = 500  # configurations: each costs seconds at the least
PROMPT = "a large blue star at the center on a white background"
OWN = ("device", "batch", "size")
NAMES = frozenset({*OWN, *FIELDS, *settings.NAMES})
PARITIES = ("auto", "picture", "denoiser", "none")


@dataclass(frozen=True)
class Configuration:
    """One thing to measure: `batch` pictures in a call, on a device, computed as the settings say."""

    params: GenerationParams
    device: str
    batch: int
    settings: Settings

    def as_dict(self) -> dict[str, Any]:
        """Plain values, from which `of` makes it again."""
        return {
            "params": self.params.as_dict(), "device": self.device, "batch": self.batch,
            "settings": asdict(self.settings),
        }  # fmt: skip

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Configuration:
        """The configuration of such values."""
        params, chosen = GenerationParams(**values["params"]), Settings.of(values["settings"])
        return cls(params, values["device"], values["batch"], chosen)

    @property
    def id(self) -> str:
        """A short name that differs where anything in it differs."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class BenchSpec:
    """What to measure and how thoroughly.

    base, axes, zip, skip: as of a sweep, over parameters, `device`, `batch`, `size` (pixels of both sides) and settings
    (dwlab.models.settings). rounds: fresh processes per configuration. warmup, iterations, seconds: as of
    `dwlab.bench.timing.measure`. timeout: seconds for one process. parity: what is held against the CPU float32
    reference: `picture` (the whole run again on the CPU), `denoiser` (its first call only), `none`, or `auto`, which is
    picture up to 256x256 pixels of a model with real weights. Raises InvalidInput naming the key.
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
        for name, low in {"rounds": 1, "warmup": 0, "iterations": 1}.items():
            check_whole_number(name, getattr(self, name), low, 1000)
        for name in ("seconds", "timeout"):
            value = getattr(self, name)
            if not is_number(value) or not 0 <= value <= 86_400:
                raise InvalidInput(name, value, "seconds, from 0 to 86,400")
        if self.parity not in PARITIES:
            raise InvalidInput("parity", self.parity, f"one of {', '.join(PARITIES)}")
        for place in ("base", "axes"):
            given = getattr(self, place)
            if not isinstance(given, Mapping):
                raise InvalidInput(place, given, "a map from names to values")
            object.__setattr__(self, place, under_own_names(given, place))
            for name in getattr(self, place):
                if name not in NAMES:
                    raise InvalidInput(
                        f"{place}.{name}", given.get(name), f"one of {', '.join(sorted(NAMES))}"
                    )

    @classmethod
    def from_yaml(cls, path: str | Path) -> BenchSpec:
        """The benchmark that a YAML file describes; its name defaults to the file's."""
        path = Path(path)
        given = {key: value for key, value in yamlfile.read(path).items() if value is not None}
        names = [f.name for f in fields(cls)]
        for key, value in given.items():
            if key not in names:
                raise InvalidInput(key, value, f"the keys {', '.join(names)}")
        return cls(**{"name": path.stem, **given})

    def quick(self) -> BenchSpec:
        """The same in less time: two rounds of a few samples."""
        return replace(
            self, rounds=min(self.rounds, 2), iterations=min(self.iterations, 2), seconds=0.0
        )

    def vary(self, **axes: Sequence[Any] | None) -> BenchSpec:
        """A copy in which these axes have these values, instead of axes or base values of their names; None leaves them."""
        chosen = {name: list(values) for name, values in axes.items() if values is not None}
        base = {name: value for name, value in self.base.items() if name not in chosen}
        gone = [[name for name in group if name not in chosen] for group in self.zip]
        return replace(
            self,
            base=base,
            axes={**self.axes, **chosen},
            zip=[group for group in gone if len(group) > 1],
        )

    def configurations(self, devices: Sequence[str]) -> list[Configuration]:
        """What it makes, each once; `devices` stand where it names none. The last axis varies fastest."""
        given = {"device": list(devices), **self.axes} if "device" not in self.base else self.axes
        columns = {name: axis_values.values(name, values) for name, values in given.items()}
        if any(isinstance(column, axis_values.RandomSeeds) for column in columns.values()):
            raise InvalidInput("axes.seed", given["seed"], "seeds written out")
        groups = all_groups(zip_groups(self.zip), columns)
        expansion = Expansion(self.base, columns, groups, Rules(self.skip, NAMES))
        found: dict[str, Configuration] = {}
        for point in expansion.points(seeds=()):
            configuration = _configuration({**self.base, **point})
            found[configuration.id] = configuration
            if len(found) > LIMIT:
                raise InvalidInput("axes", f"more than {LIMIT} configurations", f"at most {LIMIT}")
        if not found:
            raise InvalidInput("skip", len(self.skip), "rules that leave something to measure")
        return list(found.values())


DEFAULT = BenchSpec(
    "bench",
    base={"model": "shapes", "steps": 10},
    axes={"dtype": ["float32", "bfloat16"], "batch": [1, 4]},
)


def _configuration(point: Mapping[str, Any]) -> Configuration:
    asked = dict(point)
    device, batch, size = asked.pop("device"), asked.pop("batch", 1), asked.pop("size", None)
    check_whole_number("batch", batch, 1, BATCH_LIMIT)
    if not isinstance(device, str):
        raise InvalidInput("device", device, "a device's name, like cpu, mps or cuda:0")
    chosen = Settings.of({name: asked.pop(name) for name in settings.NAMES if name in asked})
    if size is not None:
        if {"width", "height"} & asked.keys():
            raise InvalidInput("size", size, "either size, or width and height")
        asked["width"] = asked["height"] = size
    return Configuration(GenerationParams(**{"prompt": PROMPT, **asked}), device, batch, chosen)
