"""`/images`: finished pictures."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from ...store.images import is_whole
from ..dependencies import State
from ..error_handlers import Responses, error_responses

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
    is_name = PICTURE_NAME.fullmatch(name) is not None and folder == name[:2]
    if not is_name or not await asyncio.to_thread(_is_served, images, path):
        raise HTTPException(404, "there is no such picture")
    return FileResponse(
        path,
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


def _is_served(images: Path, path: Path) -> bool:
    """Whether a picture is whole and lies in the folder of pictures.

    That folder may be a link; a link inside it must not lead elsewhere.
    """
    real_path = Path(os.path.realpath(path))
    return real_path.is_relative_to(os.path.realpath(images)) and is_whole(path)
