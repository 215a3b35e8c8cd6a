"""What a model can do with a picture to start from, as the prompt bench offers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import DwlabError
from ...models.identity import entry_here
from ...spec import families, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...spec.model_entry import Entry


@dataclass(frozen=True)
class StartOffer:
    """Which of the fields about a start picture are on.

    default: the strength that the model takes if none is typed; None if it is not known. note: why
    something is off, in words.
    """

    image: bool = True
    mask: bool = True
    strength: bool = True
    mask_padding: bool = True
    default: float | None = None
    note: str = ""

    @property
    def off(self) -> list[str]:
        """The fields that are off."""
        names = ("image", "mask", "strength", "mask_padding")
        return [name for name in names if not getattr(self, name)]


def start_offer(model: str, *, masked: bool) -> StartOffer:
    """What a model offers, with or without a mask; everything for one that is not known yet."""
    try:
        entry = entry_here(model)
    except DwlabError:
        return StartOffer()
    if entry.pipeline is None:
        return StartOffer()
    from_image = tasks.pipeline_for(entry.pipeline, tasks.IMAGE)
    inpainting = tasks.pipeline_for(entry.pipeline, tasks.INPAINTING)
    if entry.excludes == tasks.INPAINTING:
        inpainting = None
    if not from_image and not inpainting:
        note = "This model makes pictures from a text only. No picture to start from is used."
        return StartOffer(image=False, mask=False, strength=False, mask_padding=False, note=note)
    doing = inpainting if masked and inpainting else from_image
    return StartOffer(
        mask=inpainting is not None,
        strength=doing is None or doing in tasks.STRENGTHS,
        mask_padding=inpainting is not None and inpainting not in tasks.WITHOUT_PADDING,
        default=tasks.STRENGTHS.get(doing or ""),
        note=" ".join(_notes(entry, doing, inpainting)),
    )


def _notes(entry: Entry, doing: str | None, inpainting: str | None) -> Iterator[str]:
    """What a model needs and does not take, in words."""
    family = families.of(entry.pipeline or "")
    needs = entry.needs or (family.needs if family else None)
    if needs == tasks.INPAINTING:
        yield "This is an inpainting model: it needs a start picture and a mask."
    elif needs == tasks.IMAGE:
        yield "This model does not draw without a start picture."
    elif tasks.pipeline_for(entry.pipeline, tasks.IMAGE) is None:
        yield "This model takes a start picture together with a mask only."
    if inpainting is None:
        yield "This model takes no mask."
    if doing and doing not in tasks.STRENGTHS:
        yield "This model takes its picture as a whole, without a strength."
