"""Whether a sweep is what it says: its files are as they were written, and its pictures come again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..._util.checks import check_whole_number
from ..._util.text_table import text_table
from ...errors import printable
from ...render.renderer import Renderer, render
from ...store.integrity import IntegrityReport
from ...store.integrity import verify as check_files
from .redrawing import redraw
from .sample import stratified
from .stored_cells import models_by_key, stored_cells
from .verdicts import Outcome, Verdict, judge, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Follow = Callable[[list[str]], Iterable[str]]

SAMPLE_LIMIT = 100_000
REASONS_SHOWN = 5


@dataclass(frozen=True)
class Verification:
    """What was checked of an experiment, or of a whole folder.

    files: the check of each picture's file. verdicts: on those that were made again, by key.
    finished: how many finished pictures the sample was taken from. seed: of the sample.
    """

    name: str
    files: IntegrityReport
    verdicts: list[Verdict] = field(default_factory=list)
    finished: int = 0
    seed: int = 0

    @property
    def good(self) -> bool:
        """Whether every file is as it was written, and no picture came out differently."""
        return self.files.good and all(verdict.good for verdict in self.verdicts)

    @property
    def failed(self) -> int:
        """How many pictures could not be made although their models are here."""
        return self.count(Outcome.FAILED)

    def count(self, outcome: Outcome) -> int:
        """How many pictures of the sample had an outcome."""
        return sum(verdict.outcome is outcome for verdict in self.verdicts)

    def __str__(self) -> str:
        files = self.files
        counts = f"{len(files.damaged):,} damaged, {len(files.missing):,} missing"
        lines = [f"{self.name}: {files.pictures:,} pictures, {counts}"]
        if self.verdicts:
            lines.append(self._sample())
            lines += [str(each) for each in self.verdicts if not each.good]
            lines += self._reasons()
            lines += self._environment()
        return "\n".join(lines)

    def _sample(self) -> str:
        counts = Counter(verdict.outcome for verdict in self.verdicts)
        texts = [
            f"{counts[outcome]:,} {outcome.value}"
            for outcome in Outcome
            if counts[outcome] or outcome in (Outcome.EXACT, Outcome.DIFFERENT)
        ]
        return (
            f"made again: {len(self.verdicts):,} of {self.finished:,} pictures (seed {self.seed}): "
            f"{', '.join(texts)}"
        )

    def _reasons(self) -> list[str]:
        """Why pictures could not be made, the most frequent first."""
        reasons = Counter(
            verdict.reason
            for verdict in self.verdicts
            if verdict.outcome in (Outcome.ABSENT, Outcome.FAILED)
        )
        return [
            f"{count:,} not made: {printable(reason)}"
            for reason, count in reasons.most_common(REASONS_SHOWN)
        ]

    def _environment(self) -> list[str]:
        """In what the rows and this machine differ."""
        counts = Counter(
            (difference.name, shown(difference.left), shown(difference.right))
            for verdict in self.verdicts
            for difference in verdict.environment
        )
        if not counts:
            return []
        rows = [(*difference, f"{count:,}") for difference, count in counts.most_common()]
        return [text_table(rows, ("differs", "in the row", "here", "pictures"), numbers=(3,))]


def verify(
    root: Path,
    name: str | None = None,
    *,
    sample: int = 0,
    seed: int = 0,
    device: str = "auto",
    follow: Follow = iter,
    on_verdict: Callable[[Verdict], None] | None = None,
    render: Renderer = render,
) -> Verification:
    """Check the file of every picture, then make some pictures again and compare them.

    name: of an experiment; None for the whole folder. sample: how many pictures are made again,
    some of each model. seed: of the random choice. device: see `dwlab.stream`. follow: passes the
    files on one by one, for a progress bar. on_verdict: told of each picture that was made again.

    Damaged files are moved to `quarantine/` (see `dwlab.store.integrity`). Nothing is downloaded:
    pictures whose models or files are not here are counted. Raises InvalidInput for an experiment
    that never ran here.
    """
    check_whole_number("sample", sample, 0, SAMPLE_LIMIT, " pictures")
    check_whole_number("seed", seed, 0, 2**63 - 1)
    files = check_files(root, name, follow=follow)
    if not sample:
        return Verification(name or str(root), files)
    finished = models_by_key(root, name)
    whole = {key: model for key, (model, path) in finished.items() if path.is_file()}
    verdicts = []
    cells = stored_cells(root, stratified(whole, sample, seed))
    for redrawn in redraw(cells, root, device=device, render=render):
        verdict = judge(redrawn)
        verdicts.append(verdict)
        if on_verdict:
            on_verdict(verdict)
    verdicts.sort(key=lambda verdict: verdict.cell.key)
    return Verification(name or str(root), files, verdicts, len(finished), seed)
