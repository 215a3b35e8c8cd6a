"""Changing the small files of a model's folder."""

from __future__ import annotations

import json


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def changed(path, **values):
    """Change a JSON file; None takes a key away."""
    content = json.loads(path.read_text()) | values
    path.write_text(
        json.dumps({name: value for name, value in content.items() if value is not None})
    )
