"""Loading the default model, so that the first picture need not wait for it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ...errors import DwlabError
from ...models import loading
from ...runs.resolve import identify_all
from ...spec.params import GenerationParams

if TYPE_CHECKING:
    from ...models.identity import Identity
    from ..settings import ServerSettings

log = logging.getLogger(__name__)


def load_default_model(settings: ServerSettings) -> Identity | None:
    """Load the default model; returns its identity, or None if it fails, which the log tells.

    It is loaded in a thread that ends: OpenMP keeps threads for every thread that ever computed.
    If they are more than the cores, small forwards of the rendering thread take twice as long.
    """
    try:
        with ThreadPoolExecutor(1) as executor:
            return executor.submit(_load, settings).result().identity
    except DwlabError as error:
        # not a bug, so there is no traceback
        log.error("the default model is not loaded: %s", error)  # noqa: TRY400
    except Exception:  # whatever a broken model raises: other models can still be served
        log.exception("the default model is not loaded")
    return None


def _load(settings: ServerSettings) -> loading.Model:
    (identity,) = identify_all(
        [GenerationParams("", model=settings.model)], settings.compute
    ).values()
    return loading.load_identified(identity)
