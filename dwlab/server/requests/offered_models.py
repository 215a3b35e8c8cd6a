"""The models that a server draws with: those on its machine, and never one that a request would have to fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput, NotDownloaded
from ...models.identity import is_here
from ...spec.catalog import DRAWING

if TYPE_CHECKING:
    from ..settings import Settings


def names(settings: Settings) -> list[str]:
    """The models that can be asked for, the default first.

    Those that the owner listed, and those with a name in dwlab that are on this machine; models for benchmarks only if
    they are listed.
    """
    named = [name for name in DRAWING if is_here(name)]
    return list(dict.fromkeys([settings.model, *settings.models, *named]))


def check(model: object, settings: Settings, field: str = "model") -> None:
    """Refuse a model that this server does not offer, or does not have yet.

    The default model passes, because the server itself fetches it when it starts. Raises InvalidInput, or NotDownloaded
    for a listed one that its owner has still to fetch.
    """
    if model == settings.model:
        return
    offered = names(settings)
    if model not in offered:
        raise InvalidInput(field, model, f"one of {', '.join(offered)}")
    if not is_here(str(model)):
        here = ", ".join(name for name in offered if is_here(name))
        raise NotDownloaded(
            f"model {model!r} is not on this server yet; its owner fetches it with `dwlab pull {model}`; here are: {here}"
        )
