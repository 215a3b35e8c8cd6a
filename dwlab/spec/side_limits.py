"""How many pixels the side of a picture may have, whatever the model."""

from __future__ import annotations

SMALLEST = 8
LARGEST = 8192
