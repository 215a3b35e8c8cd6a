"""What one kind of trial came to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """How many trials of a kind there were, what became of them, and what should not have happened.

    results: a figure, or a text with its unit, by its name. faults: one line each; must be empty. details: of each trial,
    for whoever wants more than a line.
    """

    kind: str
    tried: int = 0
    results: dict[str, int | str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = ", ".join(
            f"{value:,} {name}" if isinstance(value, int) else f"{name} {value}"
            for name, value in self.results.items()
        )
        return f"{self.kind:<32}{self.tried:>6,}  {figures}"

    def add(self, name: str, number: int = 1) -> None:
        """Count `number` more of a result."""
        self.results[name] = int(self.results.get(name, 0)) + number
