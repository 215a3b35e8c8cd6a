"""Files of weights with true headers and no data: sparse, so that even the largest take no room."""

from __future__ import annotations

import json
import math

BYTES = {"F16": 2, "F32": 4, "BF16": 2, "F8_E4M3": 1}


def safetensors(path, shapes, dtype="F16", metadata=None):
    """A safetensors file with tensors of these shapes, all zero."""
    entries = {} if metadata is None else {"__metadata__": metadata}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + math.prod(shape) * BYTES[dtype]
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    header = json.dumps(entries).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + end)
    return path
