"""Settings of an accelerator as a person types them, and as they stand in a field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import experiment_file
from .accelerate import FIELD

if TYPE_CHECKING:
    from .accelerators import Settings


def typed_settings(name: str, text: str, source: str | None = None) -> object:
    """What a text says about an accelerator: `3`, `0, 0.6` or `{every: 3, branch: 1}`.

    An empty text stands for the usual settings. source: what errors call the text, instead of the
    name. Raises InvalidInput for what is not plain YAML.
    """
    if not text.strip():
        return {}
    is_bare_list = "," in text and text.lstrip()[0] not in "[{"
    return experiment_file.value(f"{FIELD}.{name}", f"[{text}]" if is_bare_list else text, source)


def as_typed(settings: Settings) -> str:
    """Settings as one types them: `typed_settings` reads the very same back."""
    if isinstance(settings, dict):
        parts = [f"{name}: {_word(value)}" for name, value in settings.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(settings, list):
        return ", ".join(_word(end) for end in settings)
    return _word(settings)


def _word(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value)
