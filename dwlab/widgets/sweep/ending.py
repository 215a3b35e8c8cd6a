"""How a run of the sweep panel ended, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..panel_run import Ending

if TYPE_CHECKING:
    from ...runs.outcome import Outcome


def ending_of(outcome: Outcome) -> Ending:
    """How a run ended, in words."""
    text = f"{outcome.made:,} made now, {outcome.reused:,} already there"
    if outcome.failed:
        text += f", {outcome.failed:,} failed (Run tries them again)"
    if outcome.left:
        text = f"Stopped: {text}, {outcome.left:,} left. Run continues from here."
    else:
        text = f"Done: {text}."
    note = f"Warning: {outcome.warning}." if outcome.warning else ""
    is_clean = not (outcome.left or outcome.failed or outcome.nan)
    return Ending(text, "success" if is_clean else "warning", note)
