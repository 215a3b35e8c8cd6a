"""`/images`: finished pictures."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from ...store.images import is_whole
from ...store.picture_removal import remove_picture
from ..dependencies import State
from ..error_handlers import Responses, error_responses
from ..jobs.job import API_EXPERIMENT

router = APIRouter()
PICTURE_NAME = re.compile(r"[0-9a-f]{64}\.png", re.ASCII)
RESPONSES: Responses = {
    **error_responses(404, 422),
    200: {"content": {"image/png": {}}},
}


@router.get("/images/{folder}/{name}", response_class=FileResponse, responses=RESPONSES)
async def image(folder: str, name: str, state: State) -> Response:
    """A finished picture; it never changes, because its name is its hash."""
    images = state.root / "images"
    path = images / folder / name
    if not _is_name(folder, name) or not await asyncio.to_thread(_is_served, images, path):
        raise HTTPException(404, "there is no such picture")
    return FileResponse(
        path,
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


@router.delete(
    "/api/images/{folder}/{name}", status_code=204, responses=error_responses(404, 409, 422, 429)
)
async def remove(folder: str, name: str, state: State) -> None:
    """Remove a picture that was made on request, for good; jobs go on naming it.

    A picture of a sweep or the prompt bench stays, and so does a marked one (409).
    """
    images = state.root / "images"
    image = f"images/{folder}/{name}"
    is_ours = _is_name(folder, name) and await asyncio.to_thread(
        _is_within, images, images / folder
    )
    is_removed = is_ours and await state.store.run(
        lambda opened: remove_picture(opened.store.file, API_EXPERIMENT, image)
    )
    if not is_removed:
        raise HTTPException(404, "there is no such picture")


def _is_name(folder: str, name: str) -> bool:
    return PICTURE_NAME.fullmatch(name) is not None and folder == name[:2]


def _is_served(images: Path, path: Path) -> bool:
    """Whether a picture is whole and lies in the folder of pictures.

    That folder may be a link; a link inside it must not lead elsewhere.
    """
    return _is_within(images, path) and is_whole(path)


def _is_within(images: Path, path: Path) -> bool:
    """Whether a path lies in the folder of pictures once all links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(images))
