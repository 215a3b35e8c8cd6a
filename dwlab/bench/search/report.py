"""What the replays gave: a file, and tables for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ..._util.atomic import write_atomic
from .tally import Choices, Claims

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
            ("metric", "tables", "method", "right", "within", "rows", "9 of 10 below", "pictures"),
            [_choice_cells(each) for each in self.choices],
        )
        of_claims = _markdown(
            ("metric", "method", "held out", "shown", "wrong", "cannot be told", "within", "rows"),
            [_claim_cells(each) for each in self.claims],
        )
        return f"{of_choices}\n\n{of_claims}"


def _choice_cells(each: Choices) -> list[str]:
    shares = [each.right, each.within, each.rows, each.rows_90]
    texts = [_percent(share) for share in shares]
    return [each.metric, each.tables, each.method, *texts, f"{each.pictures:.0f}"]


def _claim_cells(each: Claims) -> list[str]:
    shares = [each.shown, each.wrong, each.open, each.within, each.rows]
    return [each.metric, each.method, str(each.held_out), *map(_percent, shares)]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from tabulate import tabulate

    return str(tabulate(rows, head, tablefmt="github", disable_numparse=True))
