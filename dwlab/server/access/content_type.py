"""The media types of request bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusal import Refused

if TYPE_CHECKING:
    from starlette.datastructures import Headers

JSON_TYPES = ("application/json",)
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
MULTIPART = "multipart/form-data"
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")

_MORE_TYPES = {"/api/sweeps": YAML_TYPES, "/api/inputs": (MULTIPART, *PICTURE_TYPES)}


def content_type(headers: Headers) -> str:
    """The media type of a request's body, without its parameters; empty if there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def check_content_type(path: str, headers: Headers) -> None:
    """Refuse a body that is not JSON, or YAML for a sweep, or a picture for an input."""
    allowed = (*JSON_TYPES, *_MORE_TYPES.get(path, ()))
    if content_type(headers) not in allowed:
        kinds = " or ".join(allowed)
        raise Refused(415, f"the body must be {kinds}, with that Content-Type")
