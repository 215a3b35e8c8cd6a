"""A search in a notebook or a program: `dwlab.search("experiments/search.yaml")`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.html import escaped
from ..errors import InvalidInput
from ..paths import project_results
from ..spec.compute import Compute
from ..spec.memory import parse as parse_memory
from ..spec.search_request import SearchRequest
from ..spec.sweep import LIMIT, SweepSpec
from ..spec.where import LOCAL
from .experiment_files import find_file, searched_folders

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from ..events import Event
    from ..runs.search_answer import SearchAnswer
    from ..runs.table import Table
    from ..spec.where import Connected


@dataclass(frozen=True, repr=False)
class Found:
    """What a search found.

    answer: the verdict and what it cost; None if the search was stopped before it made a picture.
    setting: the chosen values, like `{"steps": 8}`. table: one row per picture that it made or took. files: by what
    they are.
    """

    name: str
    answer: SearchAnswer | None
    table: Table
    files: Mapping[str, Path]

    @property
    def setting(self) -> dict[str, Any]:
        """The values of the chosen setting; empty if none is chosen."""
        return dict(self.answer.setting) if self.answer else {}

    @property
    def is_shown(self) -> bool:
        """Whether the verdict is shown on seeds that the search did not use."""
        return self.answer is not None and self.answer.is_shown

    def __str__(self) -> str:
        return str(self.answer) if self.answer else f"{self.name}: nothing was found yet"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from ..widgets.sweep.answer import answer_html

        text = "" if self.table.empty else answer_html(self.table)
        return text or f"<p>{escaped(str(self))}</p>"


def search(
    sweep: SweepSpec | Mapping[str, Any] | str | Path,
    *,
    budget: str | None = None,
    method: str | None = None,
    margin: float | None = None,
    results: str | Path | None = None,
    device: str = "auto",
    pack: int | None = None,
    profile: str | None = None,
    exact: int | None = None,
    memory: object = None,
    where: str | Connected = LOCAL,
    limit: int = LIMIT,
    download: bool = True,
    trust_code: bool = False,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Found:
    """Find the cheapest setting that is good enough, within a budget, instead of computing all cells.

    sweep: a `dwlab.Sweep`, a map of its fields, or a YAML file, looked for from here, then in the
    project. budget, method, margin: in place of what it says (docs/search.md), like `"2000 rows"`,
    `"halving"` and 0.05. results: the results folder, seen from the project, if not the usual one.
    For the other arguments see `dwlab.Sweep.run`. The files of the sweep are written as by
    `dwlab sweep`. Ctrl-C keeps what is finished; the same call goes on with it. Raises InvalidInput
    for what cannot be searched, before any model loads.
    """
    from ..runs.results import Results
    from ..runs.search_answer import load_answer
    from ..workflows.sweep import execute

    spec = _with_search(_sweep_of(sweep), budget, method, margin)
    compute = Compute(
        device=device,
        pack=pack,
        profile=profile,
        exact=exact,
        memory=parse_memory(memory),
        where=where,
    )
    root = project_results(results)
    outcome, files = execute(
        spec,
        results=root,
        compute=compute,
        limit=limit,
        cancel=cancel,
        download=download,
        on_event=on_event,
        trust_code=trust_code,
    )
    answer = load_answer(outcome.root, spec.name) if outcome.begun else None
    return Found(spec.name, answer, Results(outcome.root).table(spec.name), files)


def _sweep_of(sweep: SweepSpec | Mapping[str, Any] | str | Path) -> SweepSpec:
    if isinstance(sweep, SweepSpec):
        return sweep
    if isinstance(sweep, Mapping):
        return SweepSpec.from_dict(sweep)
    path = find_file(str(sweep))
    if path is None:
        allowed = f"a Sweep, a map of its fields, or a YAML file, seen from {searched_folders()}"
        raise InvalidInput("sweep", str(sweep), allowed)
    return SweepSpec.from_yaml(path)


def _with_search(
    spec: SweepSpec, budget: str | None, method: str | None, margin: float | None
) -> SweepSpec:
    """The sweep with what was asked for in place of its own words."""
    changes: dict[str, object] = {}
    if budget is not None:
        changes["budget"] = budget
    options = dict(spec.search) if isinstance(spec.search, Mapping) else {"method": spec.search}
    given = {"method": method, "margin": margin}
    options |= {name: value for name, value in given.items() if value is not None}
    if margin is not None or method is not None or spec.request is None:
        usual = {"method": SearchRequest().method}
        changes["search"] = usual | {
            name: value for name, value in options.items() if value is not None
        }
    return spec.override(changes) if changes else spec
