"""The application behind the page of `dwlab rate`: a page, three requests, and pictures without names."""

from __future__ import annotations

import contextlib
import html
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from ... import rating
from ...rating.raters import NAME_LENGTH
from ...rating.session import RatingSession
from ...views.design import style_of
from ..access.middleware import AccessMiddleware
from ..access.security_headers import page_policy
from ..error_handlers import add_error_handlers
from ..prometheus_metrics import ServerMetrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..settings import ServerSettings

FILES = Path(rating.__file__).parent
# the page's script is the view, which notebooks have too, and how it gets at this server
SCRIPT = ("view.js", "page.js")
PAIR_LENGTH = 64

router = APIRouter()


class RaterRequest(BaseModel):
    """Who asks."""

    model_config = ConfigDict(extra="forbid")

    # spaces around it are taken off later
    rater: str = Field(max_length=2 * NAME_LENGTH)


class PairRequest(RaterRequest):
    """Who asks, about which pair."""

    pair: str = Field(max_length=PAIR_LENGTH)


class VoteRequest(PairRequest):
    """A vote on a pair."""

    choice: Literal["left", "right", "tie", "skip"]


def make_rating_app(session: RatingSession, settings: ServerSettings, rater: str) -> FastAPI:
    """The application for one sweep. rater: the name that the page begins with.

    It closes the session when it ends.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        session.close()

    app = FastAPI(title="dwlab rate", openapi_url=None, lifespan=lifespan)
    app.state.session = session
    app.state.rater = rater
    add_error_handlers(app)
    app.include_router(router)
    app.add_middleware(AccessMiddleware, settings=settings, metrics=ServerMetrics())
    return app


def _session(request: Request) -> RatingSession:
    session: RatingSession = request.app.state.session
    return session


Session = Annotated[RatingSession, Depends(_session)]


@router.get("/")
def page(request: Request) -> HTMLResponse:
    """The page."""
    text = (FILES / "page.html").read_text("utf-8")
    policy = page_policy(text)
    filled = Template(text).substitute(rater=html.escape(request.app.state.rater))
    return HTMLResponse(filled, headers={"Content-Security-Policy": policy})


@router.get("/view.js")
def script() -> Response:
    """The page's script."""
    text = "\n".join((FILES / name).read_text("utf-8") for name in SCRIPT)
    return Response(text, media_type="text/javascript")


@router.get("/view.css")
def style() -> Response:
    """The page's style."""
    return Response(style_of(FILES / "view.css"), media_type="text/css")


@router.post("/api/state")
def state(body: RaterRequest, session: Session) -> dict[str, object]:
    """What a rater's page shows."""
    return session.state(body.rater).as_dict()


@router.post("/api/vote")
def vote(body: VoteRequest, session: Session) -> dict[str, object]:
    """Enter a vote; it is saved once this answers without a message."""
    return session.vote(body.rater, body.pair, body.choice).as_dict()


@router.post("/api/undo")
def undo(body: PairRequest, session: Session) -> dict[str, object]:
    """Take back a rater's latest vote."""
    return session.take_back(body.rater, body.pair).as_dict()


@router.get("/pictures/{pair}/{side}")
def picture(pair: str, side: str, session: Session) -> Response:
    """A picture of a pair, named by nothing but its side."""
    content = session.picture(pair, side)
    if content is None:
        raise HTTPException(404, "there is no such picture")
    return Response(content, media_type="image/png", headers={"Cache-Control": "private"})
