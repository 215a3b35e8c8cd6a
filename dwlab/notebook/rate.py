"""Blind rating in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths import project_results

if TYPE_CHECKING:
    from pathlib import Path

    from ..analysis.selection import Conditions
    from ..widgets.rating import RatingWidget

_open_ratings: dict[tuple[Path, str], RatingWidget] = {}


def rate(
    name: str,
    *,
    where: Conditions = (),
    rater: str | None = None,
    results: str | Path | None = None,
) -> RatingWidget:
    """Vote on blind pairs of a sweep's pictures; docs/rating.md says how pairs are chosen.

    name: the experiment. where: which of its pictures, like `["steps<=10"]`: see
    `dwlab.analysis.selection`. rater: whose votes they are, by default the user's name. results: the
    results folder, seen from the project, if not the usual one. Click the pictures, then use the
    keys: arrows, t, s and z. `dwlab.Results().rating(name)` says what the votes amount to. Raises
    InvalidInput for an experiment that cannot be rated.
    """
    from ..rating.raters import check_rater, usual_rater
    from ..rating.session import RatingSession
    from ..widgets.rating import RatingWidget

    root = project_results(results)
    widget = RatingWidget(RatingSession(root, name, where), check_rater(rater or usual_rater()))
    # if the cell runs again, the widget that it showed before is gone
    before = _open_ratings.pop((root, name), None)
    if before is not None:
        before.close()
    _open_ratings[root, name] = widget
    return widget
