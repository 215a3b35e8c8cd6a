"""The worker runs while the application does."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from .state import ServerState


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start the worker with the application, and stop it at the end."""
    state: ServerState = app.state.server
    await state.start()
    yield
    await state.stop()
