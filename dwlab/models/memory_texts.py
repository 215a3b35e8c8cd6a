"""What a plan and a log say of memory: by what measures each model is computed, and what may not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import memory_fit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .identity import Identity


def memory_texts(identities: Iterable[Identity]) -> list[str]:
    """A sentence for each model that is computed in other than stock settings, or may not fit."""
    texts = dict.fromkeys(memory_text(identity) for identity in identities)
    return [text for text in texts if text]


def memory_text(identity: Identity) -> str:
    """The sentence for one model; an empty one if there is nothing to say."""
    fit = identity.fit
    names = ", ".join(identity.settings.measures) or "stock settings"
    if fit is None:
        return f"{identity.name}: {names}" if identity.settings.measures else ""
    if not fit.fits:
        return memory_fit.shortage(identity.name, fit, identity.device)
    if fit.is_automatic:
        names = f"{names}, chosen by auto"
    elif not identity.settings.measures:
        return ""
    return f"{identity.name}: {names} ({fit.numbers()})"
