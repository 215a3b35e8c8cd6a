"""`/ui` and `/docs`: pages that load nothing from other hosts."""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse

from ...views.design import with_tokens
from ...views.scripts import ELEMENTS, joined
from ..access.security_headers import page_policy

router = APIRouter(include_in_schema=False)
PAGES = Path(__file__).parents[1]
UI = PAGES / "ui"
# in this order; they follow the elements that all pages have
UI_SCRIPTS = ("api", "form", "stage", "large", "gallery", "page")
SWAGGER_FILES = ("swagger-ui-bundle.js", "swagger-ui.css")


@router.get("/ui")
def ui() -> HTMLResponse:
    """The page to generate pictures with."""
    page = _ui_page()
    return HTMLResponse(page, headers={"Content-Security-Policy": page_policy(page)})


@router.get("/docs")
def docs() -> HTMLResponse:
    """The documentation of the API, by swagger-ui, which styles its own elements."""
    page = _page("docs.html")
    policy = page_policy(page, inline_styles="'unsafe-inline'")
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


@router.get("/docs/{name}")
def swagger_file(name: str) -> FileResponse:
    """A file of swagger-ui, from an installed package."""
    if name not in SWAGGER_FILES:
        raise HTTPException(404, "there is no such file")
    package = importlib.resources.files("fastapi_offline")
    return FileResponse(Path(str(package)) / "static" / name)


@functools.cache
def _ui_page() -> str:
    """The page with its style and its script in it."""
    page = (UI / "page.html").read_text("utf-8")
    style = (UI / "page.css").read_text("utf-8")
    script = ELEMENTS + joined(UI, UI_SCRIPTS)
    return with_tokens(page).replace("/* page.css */", style).replace("/* page.js */", script)


@functools.cache
def _page(name: str) -> str:
    return with_tokens((PAGES / name).read_text("utf-8"))
