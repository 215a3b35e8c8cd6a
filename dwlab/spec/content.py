"""Which axes say what is drawn, and which say how: settings are compared on the same content."""

from __future__ import annotations

from . import checkpoint_axes
from .table_columns import PARAMETERS

# pictures that are started from, as sweeps and as tables call them
_PICTURES = frozenset({"image", "input_image", "mask"})


def is_content(name: str) -> bool:
    """Whether an axis says what is drawn: a prompt, a placeholder, a start picture, a seed."""
    is_setting = name in PARAMETERS or checkpoint_axes.is_added(name)
    is_placeholder = not is_setting and "." not in name
    return name == "seed" or name.endswith("prompt") or name in _PICTURES or is_placeholder
