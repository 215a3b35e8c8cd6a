"""What mkdocs does beyond building the pages: a hook, see mkdocs.yml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parent.parent
# pages of the repository's top folder that belong to the site: name there -> name here
OF_THE_TOP = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
# a link to a file outside docs/, which the site does not have: its text
_OUTSIDE = re.compile(r"(?<!!)\[([^]]+)]\(\.\./(?!docs/)[^)]*\)")
# a link whose text is the file of the page that it leads to
_FILE_NAME = re.compile(r"\[(?:docs/)?([\w-]+\.md)](?=\(\1)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie in the repository's top folder."""
    for name, page in OF_THE_TOP.items():
        text = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, page, content=as_if_in_docs(text)))
    return files


def on_page_markdown(markdown: str, **_context: object) -> str:
    """Leave only the text of links to files that the site lacks, and name pages by their titles."""
    return with_titles(without_links_outside(markdown))


def as_if_in_docs(text: str) -> str:
    """A page of the top folder with the links that it would have in docs/."""
    moved = re.sub(r"]\((?![a-z]+:|#|docs/)", "](../", text)
    moved = moved.replace("](docs/", "](")
    for name, page in OF_THE_TOP.items():
        moved = moved.replace(f"](../{name}", f"]({page}")
    return moved


def without_links_outside(markdown: str) -> str:
    """The page without links that lead out of docs/, but for those to pages that the site has."""
    for name, page in OF_THE_TOP.items():
        markdown = markdown.replace(f"](../{name}", f"]({page}")
    return _OUTSIDE.sub(r"\1", markdown)


def with_titles(markdown: str) -> str:
    """The page with the titles of pages where links show the names of their files."""
    return _FILE_NAME.sub(lambda match: f"[{_title(match[1])}]", markdown)


def _title(page: str) -> str:
    """The first heading of a page of docs/."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1] if heading else page
