"""The families that dwlab draws with as tables, for `dwlab models --families` and the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .families import FAMILIES
from .refused_pipelines import REFUSED
from .tasks import IMAGE, INPAINTING, TEXT

if TYPE_CHECKING:
    from .family import Family

HEAD = (
    "model",
    "class in diffusers",
    "steps",
    "guidance",
    "text-to-image",
    "image-to-image",
    "inpainting",
    "note",
)
REFUSED_HEAD = ("class in diffusers", "not drawn with as a model, because it")


def rows() -> list[tuple[str, ...]]:
    """A row for each family: its defaults, and what of it is tested and packed."""
    return [_row(family) for family in FAMILIES]


def refused_rows() -> list[tuple[str, ...]]:
    """A row for each class of diffusers for pictures that is refused as a model."""
    return [(refusal.pipeline, refusal.reason) for refusal in REFUSED]


def markdown() -> str:
    """Both tables in Markdown."""
    return "\n\n".join((_markdown(HEAD, rows()), _markdown(REFUSED_HEAD, refused_rows())))


def _row(family: Family) -> tuple[str, ...]:
    defaults = family.defaults({}, {})
    return (
        family.title,
        family.pipeline,
        str(defaults.steps),
        "" if family.guidance_argument is None else f"{defaults.guidance:g}",
        "" if family.needs else _state(family, TEXT),
        _state(family, IMAGE) if family.image_to_image else "",
        _state(family, INPAINTING) if family.inpainting else "",
        "; ".join(_notes(family)),
    )


def _state(family: Family, task: str) -> str:
    if task not in family.tested:
        return "untested"
    return "packed" if family.packed else "one by one"


def _notes(family: Family) -> list[str]:
    notes = []
    if family.distilled:
        few = family.distilled
        notes.append(f"distilled models: {few.steps} steps, guidance {few.guidance:g}")
    if family.guidance_argument not in (None, "guidance_scale"):
        notes.append(f"guidance is `{family.guidance_argument}`")
    if family.packages:
        notes.append(f"needs {', '.join(family.packages)}")
    if family.untested:
        notes.append(f"untested: {family.untested}")
    if family.note:
        notes.append(family.note)
    return notes


def _markdown(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    table = [head, tuple("---" for _ in head), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)
