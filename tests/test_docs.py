"""The documentation as a site, and the pictures in it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from docs_site import build_site

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PICTURES = {".png", ".pdf", ".svg", ".jpg", ".gif", ".webp"}


def script(name):
    """A script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


stale_pictures = script("stale_pictures")
site_pages = script("site_pages")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_site(tmp_path_factory.mktemp("site"))


def test_every_page_of_docs_is_in_the_site(site):
    pages = {path.stem for path in DOCS.glob("*.md")} | {"changelog", "contributing"}
    assert {path.stem for path in site.glob("*.html")} - {"404"} == pages


def test_no_page_loads_anything_from_another_host(site):
    loads = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:[^\" >]+)")
    links = re.compile(r"<link\b[^>]*\brel=\"?(?!canonical)[^>]*\bhref=\"?(https?:[^\" >]+)")
    for page in site.glob("*.html"):
        text = page.read_text("utf-8")
        assert loads.findall(text) + links.findall(text) == [], page.name


def test_the_search_has_what_it_needs_without_a_server(site):
    assert "var __index" in (site / "search" / "search_index.js").read_text("utf-8")
    assert (site / "assets" / "iframe-worker.js").is_file()


def test_links_that_leave_docs_keep_their_text_only():
    page = "[a](metrics.md) [`b`](../dwlab/x.py) [c](../CHANGELOG.md) ![d](d.png)"
    assert site_pages.without_links_outside(page) == (
        "[a](metrics.md) `b` [c](changelog.md) ![d](d.png)"
    )


def test_links_show_the_titles_of_pages_and_not_the_names_of_files():
    assert site_pages.with_titles("[docs/metrics.md](metrics.md#x), [how](metrics.md)") == (
        "[Metrics](metrics.md#x), [how](metrics.md)"
    )


def test_a_page_of_the_top_folder_links_as_if_it_were_in_docs():
    page = "[a](docs/metrics.md#x) [b](dwlab/x.py) [c](CONTRIBUTING.md) [d](#d) [e](https://e.org)"
    assert site_pages.as_if_in_docs(page) == (
        "[a](metrics.md#x) [b](../dwlab/x.py) [c](contributing.md) [d](#d) [e](https://e.org)"
    )


def test_every_picture_is_made_by_one_command_that_is_named():
    named = [name for maker in stale_pictures.makers(DOCS) for name in maker.pictures]
    there = [path.name for path in DOCS.iterdir() if path.suffix in PICTURES]
    assert sorted(named) == sorted(there), "see docs/made-by.yml"


def test_what_pictures_show_and_what_makes_them_is_there():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for maker in stale_pictures.makers(DOCS):
        assert maker.command.removeprefix("make ") in targets
        assert [path for path in maker.shows if not (ROOT / path).exists()] == []


def test_a_picture_is_stale_as_soon_as_its_code_is_another_one(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    entries = "- {command: make pictures, pictures: [a.png], shows: [a.py]}\n"
    entries += "- {command: make screenshots, pictures: [b.png], shows: [b]}\n"
    (docs / "made-by.yml").write_text(entries)
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "b").mkdir()
    stale_pictures.record(docs, "a.png")
    assert stale_pictures.stale(docs) == {"b.png": "make screenshots"}
    stale_pictures.record(docs, "b.png")
    assert stale_pictures.stale(docs) == {}
    (tmp_path / "a.py").write_text("2")
    (tmp_path / "b" / "new.css").write_text("")
    assert set(stale_pictures.stale(docs)) == {"a.png", "b.png"}
