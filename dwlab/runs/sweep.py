"""`dwlab.Sweep`: a sweep that can be planned and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths import results_folder
from ..spec.compute import METHOD_TIMEOUT, Compute
from ..spec.memory import parse as parse_memory
from ..spec.sweep import LIMIT, SweepSpec
from ..spec.where import LOCAL
from . import code_trust
from .run import run

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from ..spec.where import Connected
    from .plan import Plan
    from .resolve import Listener
    from .table import Table
    from .work import Work


class Sweep(SweepSpec):
    """A sweep that can be planned and run; see SweepSpec for its fields."""

    def plan(
        self,
        results: str | Path | None = None,
        *,
        device: str = "auto",
        profile: str | None = None,
        exact: int | None = None,
        memory: object = None,
        where: str | Connected = LOCAL,
        limit: int = LIMIT,
    ) -> Plan:
        """Counts and estimates; loads no model and writes nothing. where: see `run`."""
        from .plan import make_plan

        measures = parse_memory(memory)
        compute = Compute(device=device, profile=profile, exact=exact, memory=measures, where=where)
        return make_plan(self, results_folder(results), compute, limit=limit)

    def run(
        self,
        results: str | Path | None = None,
        *,
        device: str = "auto",
        pack: int | None = None,
        profile: str | None = None,
        exact: int | None = None,
        memory: object = None,
        where: str | Connected = LOCAL,
        dashboard: bool = False,
        limit: int = LIMIT,
        on_plan: Callable[[int, Work], None] | None = None,
        on_event: Listener | None = None,
        cancel: threading.Event | None = None,
        download: bool = True,
        trust_code: bool = False,
        method_timeout: float = METHOD_TIMEOUT,
        fill_traces: bool = False,
    ) -> Table:
        """Compute what is missing and return the table.

        device, pack, profile, exact, memory, method_timeout: see `dwlab.stream`. where: local, or
        workers: cpu*4 (as many processes), cuda:* (one per GPU), cuda:0,cuda:1, dask://HOST:PORT,
        scheduler-file:PATH, slurm, or a client of Dask, which stays connected. A script that starts
        workers on its own machine needs `if __name__ == "__main__":`. dashboard: whether these
        workers have Dask's dashboard. limit: refuse more cells than this.
        trust_code: run the code that the sweep names by its file, now and later. For the other
        options see `dwlab.runs.run.run`.
        """
        # here, because pandas takes a moment to import
        from .results import Results

        if trust_code:
            params = [cell.params for cell in self.cells(limit=limit)]
            code_trust.trust([*params, *self.own_metrics])
        outcome = run(
            self,
            results=results,
            compute=Compute(
                device=device,
                pack=pack,
                profile=profile,
                exact=exact,
                memory=parse_memory(memory),
                method_timeout=method_timeout,
                where=where,
                dashboard=dashboard,
            ),
            limit=limit,
            on_plan=on_plan,
            on_event=on_event,
            cancel=cancel,
            download=download,
            fill_traces=fill_traces,
        )
        return Results(outcome.root).table(self.name)
