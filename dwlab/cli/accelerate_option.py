"""`--accelerate`: ways to draw with less work."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InvalidInput
from ..spec.typed_accelerators import typed_settings
from .command import COMPUTING

OPTION = "--accelerate"

AccelerateOption = Annotated[
    list[str] | None,
    typer.Option(
        OPTION,
        help="A way to draw with less work, which changes the picture, like guidance_every=2 or "
        "guidance_interval=0,0.6; can be given several times.",
        metavar="NAME[=SETTING]",
        rich_help_panel=COMPUTING,
    ),
]


def accelerators(options: list[str]) -> dict[str, object]:
    """The value of `accelerate` that the options stand for; raises InvalidInput for one given twice."""
    settings: dict[str, object] = {}
    for text in options:
        name, _, written = text.partition("=")
        if name in settings:
            raise InvalidInput(OPTION, text, f"{name} only once")
        settings[name] = typed_settings(name, written, OPTION)
    return settings
