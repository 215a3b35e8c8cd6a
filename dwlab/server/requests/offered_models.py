"""The models that a server offers: only those on its machine; no request ever starts a download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput, NotDownloaded
from ...models.identity import is_here
from ...spec.catalog import DRAWING

if TYPE_CHECKING:
    from ..settings import ServerSettings


def names(settings: ServerSettings) -> list[str]:
    """The models that a request may name, the default first.

    They are those that the owner listed, and those of the catalog that are on this machine. Models
    for benchmarks are offered only if they are listed.
    """
    on_this_machine = [name for name in DRAWING if is_here(name)]
    return list(dict.fromkeys([settings.model, *settings.models, *on_this_machine]))


def check(model: object, settings: ServerSettings, field: str = "model") -> None:
    """Refuse a model that this server does not offer or does not have yet.

    The default model passes, because the server itself downloads it when it starts. Raises
    InvalidInput, or NotDownloaded for a listed model that its owner has not downloaded yet.
    """
    if model == settings.model:
        return
    offered = names(settings)
    if model not in offered:
        raise InvalidInput(field, model, f"one of {', '.join(offered)}")
    if not is_here(str(model)):
        available = ", ".join(name for name in offered if is_here(name))
        raise NotDownloaded(
            f"model {model!r} is not on this server yet; its owner can download it with "
            f"`dwlab pull {model}`; available: {available}"
        )
