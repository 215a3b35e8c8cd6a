"""Two workers on loopback for all tests of this folder, because a cluster takes seconds to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dwlab.cluster.connect import connected
from dwlab.runs.resolve import identify_all, resolve
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams
from dwlab.spec.where import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

    from dwlab.render.resolved_cell import ResolvedCell


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """A client of a cluster with the workers cpu:0 and cpu:1, which no test may end."""
    with connected(parse("cpu*2")) as client:
        yield client


@pytest.fixture(scope="session")
def workers(client: Client) -> list[str]:
    """The addresses of the two workers, by their names."""
    infos = client.scheduler_info(n_workers=-1)["workers"]
    return sorted(infos, key=lambda address: infos[address]["name"])


@pytest.fixture
def cells() -> Callable[..., list[ResolvedCell]]:
    """Makes resolved cells of the embedded model, `number` seeds of one recipe."""

    def make(number: int = 2, compute: Compute = Compute(), **values: object) -> list[ResolvedCell]:
        recipe = {"prompt": "a red circle", "steps": 2, **values}
        params = [GenerationParams(**recipe, seed=seed) for seed in range(number)]
        return resolve(params, identify_all(params, compute), compute.exact)

    return make
