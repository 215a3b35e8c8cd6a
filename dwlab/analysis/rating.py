"""What the votes on a sweep say: which settings are liked, how sure that is, and who agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.counted import counted
from ..errors import InvalidInput
from .bradley_terry import Preference, preferences
from .counted_votes import counted_votes
from .ordered_votes import fit
from .rated_pictures import rated_pictures
from .rater_agreement import (
    Agreement,
    between_raters,
    taste_text,
    with_metrics,
    with_themselves,
)
from .setting_grid import FIXED, SAMPLED, check_target
from .statistics_text import caveats
from .vote_fragility import Fragility, fragility

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ..store.vote import Vote


@dataclass(frozen=True)
class Rating:
    """What votes say of settings.

    preferences: from the best liked setting to the least; those without a vote are left out.
    votes: how many count. left_out: repeated and skipped pairs, and those that the sweep no longer
    has. metrics, raters, repeats: how often a metric, two raters, and a rater and themselves agree.
    target: what the intervals are about.
    """

    votes: int
    left_out: int
    rater_names: tuple[str, ...]
    prompts: int
    seeds: int
    target: str
    preferences: tuple[Preference, ...]
    metrics: tuple[Agreement, ...]
    raters: tuple[Agreement, ...]
    repeats: tuple[Agreement, ...]
    fragility: Fragility | None

    @property
    def sentence(self) -> str:
        """What the votes say of settings, in words."""
        first = self.preferences[0]
        interval = f"[{100 * first.share_low:.0f}, {100 * first.share_high:.0f}]"
        answer = (
            f"Liked best: {first.setting}, in {first.share:.0%} {interval} of pairs with an average "
            f"setting ({counted(self.votes, 'vote')} of {counted(len(self.rater_names), 'rater')}; "
            f"95% interval for {self.target})."
        )
        parts = [answer, self._rivals(), *caveats(self.prompts, self.seeds)]
        return " ".join(part for part in parts if part)

    @property
    def lines(self) -> list[str]:
        """Who agrees with whom, and how few votes would change the order."""
        lines = [taste_text(each, len(self.rater_names)) for each in self.metrics]
        lines += [f"{each.first} and {each.second} agree in {each.text}" for each in self.raters]
        lines += [f"{each.first} says the same again in {each.text}" for each in self.repeats]
        if self.fragility is not None:
            lines.append(self.fragility.sentence)
        return lines

    def __str__(self) -> str:
        return "\n".join([self.sentence, *self.lines])

    def table(self) -> pd.DataFrame:
        """The settings as a table, best liked first."""
        import pandas as pd

        return pd.DataFrame([vars(preference) for preference in self.preferences])

    def _rivals(self) -> str:
        """The settings that are not shown to be behind the first."""
        rivals = [each.setting for each in self.preferences[1:] if not each.told]
        if not rivals:
            return "Every other setting is shown to be behind it."
        named = "; ".join(rivals[:3])
        more = f" and {len(rivals) - 3:,} more" if len(rivals) > 3 else ""
        return f"Not told apart from it: {named}{more}."


def rating(table: pd.DataFrame, votes: Sequence[Vote], *, target: str = SAMPLED) -> Rating:
    """What votes say of the settings of a sweep.

    table: as `Results.table` gives it. votes: on pairs of its pictures. target: "prompts like
    these" or "these prompts". A rater's first vote on a pair counts; repeats tell how steady they
    are. Raises InvalidInput if no vote counts.
    """
    check_target(target)
    pictures = rated_pictures(table)
    usable = counted_votes(pictures, votes)
    counted = usable.first_of_each_pair()
    if not len(counted):
        raise InvalidInput("experiment", "no votes", "a sweep with votes: dwlab rate NAME")
    prompts = len(set(counted.prompt.tolist()))
    # with one prompt nothing is known of others
    target = target if prompts > 1 else FIXED
    strengths = fit(
        len(pictures.codes), counted.left_setting, counted.right_setting, counted.outcome
    )
    return Rating(
        votes=len(counted),
        left_out=len(votes) - len(counted),
        rater_names=usable.raters,
        prompts=prompts,
        seeds=len(set(counted.seed.tolist())),
        target=target,
        preferences=tuple(preferences(counted, strengths, target)),
        metrics=tuple(with_metrics(counted, table, target)),
        raters=tuple(between_raters(usable, target)),
        repeats=tuple(with_themselves(usable, target)),
        fragility=fragility(counted, strengths),
    )
