"""What methods cost beside stock cells."""

from __future__ import annotations

from dwlab.bench import methods


def test_each_kind_of_cell_is_set_beside_the_stock_ones(capsys):
    methods.main(["--steps", "1", "--pictures", "1", "--rounds", "1"])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["cells", "ms", "a", "picture"]
    assert [row[:13].strip() for row in rows] == [
        "stock",
        "stock call",
        "own loop",
        "changed model",
    ]
    assert rows[0].split()[-3:] == ["1.00", "1.00", "1.00"]
