"""Probes: what may be kept of each step of a picture, by name."""

from __future__ import annotations

import re

from ..errors import InvalidInput

FILM = "x0"
PROBES = {
    "latent_norm": "the length of the latents that the step begins with",
    "guidance_norm": "how far the answers to the prompt and to the negative prompt are apart",
    FILM: "the predicted clean picture, as a film",
}
RECORDED = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)


def parse(probes: object) -> tuple[str, ...]:
    """The probes of a sweep, none for None; raises InvalidInput for anything but a list of names."""
    if probes is None:
        return ()
    if isinstance(probes, str) or not isinstance(probes, list | tuple):
        raise InvalidInput("probes", probes, f"a list of {', '.join(PROBES)}")
    for index, name in enumerate(probes):
        field = f"probes[{index}]"
        if not isinstance(name, str) or name not in PROBES:
            allowed = f"{', '.join(PROBES)}; a method keeps values of its own with dwlab.record(name, value)"
            raise InvalidInput(field, name, allowed)
        if name in probes[:index]:
            raise InvalidInput(field, name, "each probe once")
    return tuple(probes)


def check_recorded(name: object) -> str:
    """Return a name under which a method may keep values; raise InvalidInput for any other."""
    if isinstance(name, str) and RECORDED.fullmatch(name) and name not in PROBES:
        return name
    allowed = f"up to 40 letters, digits and _, but not {', '.join(PROBES)}"
    raise InvalidInput("the name of a record", name, allowed)
