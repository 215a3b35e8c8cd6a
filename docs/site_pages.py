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


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie in the repository's top folder."""
    for name, page in OF_THE_TOP.items():
        text = (ROOT / name).read_text("utf-8")
        files.append(File.generated(config, page, content=as_if_in_docs(text)))
    return files


def on_page_markdown(markdown: str, **_context: object) -> str:
    """Leave only the text of links to files that the site does not have."""
    return without_links_outside(markdown)


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
