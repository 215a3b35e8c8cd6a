"""From a finished sweep and measured seconds to the report of `dwlab bench quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.axis_columns import value_in_table
from ...analysis.drift import drift
from ...analysis.picture_distances import PIXELS
from ...analysis.ranking import MARGIN, usual_margin
from ...errors import RenderError
from ...spec.drift_requests import BY_NETWORK, LABEL
from ...spec.names import FILES
from ...spec.public_names import name_without_path
from ...spec.rows import rows_of
from .. import machine
from .candidates import PLAIN
from .report import QualityReport, QualityRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ...analysis.drift import Drift, Drifted
    from .candidates import Candidate
    from .speed import Timed
    from .study import Study

# those that are better than pixels at what people see come first; more of SSIM is no drift
MEASURES = (f"{BY_NETWORK}.{LABEL}", PIXELS)


def failures_of(study: Study, table: pd.DataFrame) -> dict[str, str]:
    """Why pictures of candidates failed, by the names of these; table: of the study's experiment.

    Raises RenderError if plain pictures are among them: there is nothing to compare with then.
    """
    reasons: dict[str, str] = {}
    for candidate in study.candidates:
        own = table.iloc[study.recipe_of(candidate) :: len(study.recipes)]
        failed = own[own["status"] != "ok"]
        if failed.empty:
            continue
        error = failed["error"].iloc[0] if "error" in failed else "not drawn"
        reasons[candidate.name] = f"{len(failed)} of {len(own)} pictures failed: {error}"
    if PLAIN in reasons:
        raise RenderError(f"{study.spec.name}: of the plain way, {reasons[PLAIN]}")
    return reasons


def report_of(
    study: Study,
    table: pd.DataFrame,
    timed: Mapping[str, Timed],
    *,
    margin: float | None = None,
    unmeasured: Mapping[str, str] | None = None,
) -> QualityReport:
    """Put together what the pictures and the clock say.

    table: of the study's experiment. timed: by the names of candidates; those that are not in it are
    left out. unmeasured: why they are not. margin: how far behind the
    plain way a score is still good enough; None for the usual one of the metric.
    """
    measured_ways = [each for each in study.candidates if each.name in timed]
    is_varied = any(each.recipe for each in measured_ways)
    found = drift(table, plain=study.varying) if is_varied else None
    measured = found.distances if found else ()
    measure = next((name for name in MEASURES if name in measured), PIXELS)
    score = study.spec.metric
    if margin is None:
        margin = MARGIN if score is None else usual_margin(table, score)
    rows = [_row(study, each, found, timed[each.name]) for each in measured_ways]
    return QualityReport(
        model=name_without_path(study.plain.model),
        device=study.identity.device,
        experiment=study.spec.name,
        plain=_without_paths(study.plain.as_dict()),
        prompts=list(study.prompts),
        seeds=study.seeds,
        measure=measure,
        score=score,
        margin=margin,
        rows=rows,
        system=machine.facts({study.identity.device}),
        unmeasured={
            name: machine.without_paths(reason) for name, reason in (unmeasured or {}).items()
        },
    )


def _row(study: Study, candidate: Candidate, found: Drift | None, timed: Timed) -> QualityRow:
    drifted = _drifted(study, candidate, found)
    rows = drifted.rows if drifted else rows_of(candidate.cell(study.plain, study.prompts[0], 0))
    return QualityRow(
        name=candidate.name,
        recipe=_without_paths(candidate.recipe),
        settings=candidate.settings.changed(),
        dtype=str(candidate.recipe.get("dtype", study.identity.dtype)),
        seconds=timed.seconds,
        denoiser_seconds=timed.denoiser_seconds,
        rows=rows,
        difference=timed.difference,
        distances=dict(drifted.distances) if drifted else {},
        differences=dict(drifted.differences) if drifted else {},
    )


def _without_paths(recipe: Mapping[str, object]) -> dict[str, object]:
    """A recipe, or a part of one, for a file that others may read."""
    return {name: _without_path(name, value) for name, value in recipe.items()}


def _without_path(name: str, value: object) -> object:
    if name == "model":
        return name_without_path(str(value))
    return value_in_table(name, value) if name in FILES else value


def _drifted(study: Study, candidate: Candidate, found: Drift | None) -> Drifted | None:
    """How far a candidate's pictures are from the plain ones; None for the plain recipe."""
    if found is None or not candidate.recipe:
        return None
    recipe = {**study.varying, **candidate.recipe}
    values = {name: value_in_table(name, value) for name, value in recipe.items()}
    for drifted in found.settings:
        if all(values[name] == own for name, own in drifted.values.items() if name in values):
            return drifted
    return None
