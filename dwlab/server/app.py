"""The application: routers, error handlers and the layers around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from .. import __version__
from .access.middleware import AccessMiddleware
from .error_handlers import add_error_handlers
from .lifespan import lifespan
from .routes import events, generate, health, inputs, jobs, metrics, models, pages, pictures, sweeps
from .state import ServerState

if TYPE_CHECKING:
    from .settings import ServerSettings

# in the order of the OpenAPI document
ROUTES = (health, models, inputs, generate, sweeps, jobs, events, pictures, metrics, pages)


def make_app(settings: ServerSettings) -> FastAPI:
    """The application with these settings; its worker starts when the application does."""
    state = ServerState(settings)
    app = FastAPI(
        title="dwlab",
        version=__version__,
        description=(
            "Pictures from text, as jobs: post a prompt, poll or follow the job, show the picture."
        ),
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.server = state
    add_error_handlers(app)
    for subject in ROUTES:
        app.include_router(subject.router)
    app.add_middleware(AccessMiddleware, settings=settings, metrics=state.metrics)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        expose_headers=["Retry-After"],
    )
    return app
