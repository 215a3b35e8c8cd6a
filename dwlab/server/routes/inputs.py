"""`POST /api/inputs`: pictures that requests start from."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.datastructures import UploadFile

from ...errors import InvalidInput
from ..access.content_type import JSON_TYPES, MULTIPART, PICTURE_TYPES, content_type
from ..dependencies import State
from ..error_handlers import error_responses
from ..requests import input_picture
from ..requests.input_picture import FIELD, NoRoom
from ..schemas import StoredInput

router = APIRouter()
_FILE = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "required": [FIELD], "properties": {FIELD: _FILE}}
_BASE64 = {
    "type": "object",
    "required": [FIELD],
    "additionalProperties": False,
    "properties": {FIELD: {"type": "string", "description": "base64, or a data URI"}},
}
BODY = {
    "required": True,
    "content": {
        MULTIPART: {"schema": _FORM},
        JSON_TYPES[0]: {"schema": _BASE64},
        **{kind: {"schema": _FILE} for kind in PICTURE_TYPES},
    },
}


@router.post(
    "/api/inputs",
    status_code=201,
    responses=error_responses(413, 415, 422, 429, 507),
    openapi_extra={"requestBody": BODY},
)
async def store_input(request: Request, state: State) -> StoredInput:
    """Store a picture, to be named as `image` or `mask` of a request."""
    kind = content_type(request.headers)
    data = await _form_file(request) if kind == MULTIPART else await request.body()

    def store() -> input_picture.StoredPicture:
        file = input_picture.bytes_of_json(data) if kind in JSON_TYPES else data
        return input_picture.store(file, state.root, state.settings)

    try:
        stored = await state.read_body(store)
    except NoRoom:
        raise HTTPException(507, "there is no room for more start pictures") from None
    return StoredInput(image=stored.name, width=stored.width, height=stored.height)


async def _form_file(request: Request) -> bytes:
    """The file in a form; raises InvalidInput if there is not exactly one under the right name."""
    async with request.form(max_files=1, max_fields=0) as form:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile):
            raise InvalidInput(FIELD, None, "a form with the file of a picture under this name")
        return await file.read()
