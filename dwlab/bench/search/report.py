"""What the replays gave: a file, and tables for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..._util.atomic import write_atomic
from .tally import RESAMPLED, THE_TABLE, Choices, Claims

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass
class Report:
    """How methods chose and claimed. orders: searches of each; first: the seed of the first one."""

    orders: int
    first: int
    choices: list[Choices] = field(default_factory=list)
    claims: list[Claims] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        write_atomic(path, f"{json.dumps(asdict(self), indent=1)}\n".encode())

    @classmethod
    def read(cls, path: Path) -> Report:
        """What `write` wrote."""
        values = json.loads(path.read_text("utf-8"))
        return cls(
            orders=values["orders"],
            first=values["first"],
            choices=[Choices(**each) for each in values["choices"]],
            claims=[Claims(**each) for each in values["claims"]],
        )

    def markdown(self) -> str:
        """Both as tables of Markdown."""
        of_choices = _markdown(
            (
                *("metric", "method", "right", "within", "rows"),
                *("right, resampled", "within, resampled", "rows, resampled"),
            ),
            self._choice_rows(),
        )
        of_claims = _markdown(
            ("metric", "method", "held out", "shown", "wrong", "cannot be told", "within", "rows"),
            [_claim_cells(each) for each in self.claims],
        )
        return f"{of_choices}\n\n{of_claims}"

    def _choice_rows(self) -> list[list[str]]:
        """One row per metric and method: of the table, then of resampled ones."""
        rows: dict[tuple[str, str], list[str]] = {}
        for tables in (THE_TABLE, RESAMPLED):
            for each in self.choices:
                if each.tables == tables:
                    row = rows.setdefault((each.metric, each.method), [each.metric, each.method])
                    row.extend(map(_percent, (each.right, each.within, each.rows)))
        return list(rows.values())


def _claim_cells(each: Claims) -> list[str]:
    shares = [each.shown, each.wrong, each.open, each.within, each.rows]
    return [each.metric, each.method, str(each.held_out), *map(_percent, shares)]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from tabulate import tabulate

    return str(tabulate(rows, head, tablefmt="github", disable_numparse=True))
