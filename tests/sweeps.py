"""A small sweep, which tests change where they need to."""

from __future__ import annotations

from dwlab.spec.sweep import SweepSpec


def spec(**parts) -> SweepSpec:
    """A sweep of one prompt, with `parts` of their own."""
    return SweepSpec(**{"name": "s", "base": {"prompt": "a circle"}, **parts})
