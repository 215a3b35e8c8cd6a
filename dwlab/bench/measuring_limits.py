"""From where on a measurement is suspect."""

from __future__ import annotations

# A repeated call must take at least this share of a fresh one's time.
REPEAT_TOLERANCE = 0.9
# Half a step of 8 bits: some kernels of a GPU add up in another order each time.
DIFFERENCE_TOLERANCE = 0.5 / 255
