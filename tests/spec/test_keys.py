"""Keys that were given once stay: results of older versions are found again."""

from __future__ import annotations

import json
from pathlib import Path

from dwlab.spec.params import GenerationParams

# 200 varied cells with the keys that version 0.1.0 gave them, before the fields of later versions were there
CELLS = json.loads((Path(__file__).parents[1] / "cases" / "keys.json").read_text("utf-8"))


def test_two_hundred_varied_cells_keep_their_keys():
    assert len({cell["key"] for cell in CELLS}) == 200
    for cell in CELLS:
        params = GenerationParams(**cell["params"])
        assert params.key(cell["weights"], cell["dtype"], cell["exact"]) == cell["key"], cell[
            "params"
        ]


def test_a_recipe_read_back_keeps_its_key():
    for cell in CELLS:
        params = GenerationParams(**json.loads(GenerationParams(**cell["params"]).canonical()))
        assert params.key(cell["weights"], cell["dtype"], cell["exact"]) == cell["key"], cell[
            "params"
        ]
