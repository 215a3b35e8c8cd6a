"""Charts of compared rows."""

from __future__ import annotations

import pytest
from bench.made_up import row, save

from dwlab.bench.charts import charts
from dwlab.bench.compare import compare


@pytest.mark.parametrize("dark", [False, True])
def test_charts_are_drawn_of_one_failed_row_and_of_many_rows(tmp_path, dark):
    failed = {**row(dtype="float16"), "status": "oom", "error": "no memory"}
    for name in ("phases", "images_per_s", "parity"):
        del failed[name]
    few = compare([save(tmp_path, "few", failed)]).rows
    many = compare(
        [
            save(
                tmp_path,
                "many",
                row(2.0),
                row(3.0, batch=4),
                failed,
                row(1.0, dtype="bfloat16", distance=1e-3),
            )
        ]
    ).rows
    assert set(charts(few, dark=dark)) == {"speed", "phases", "parity"}
    drawn = charts(many, dark=dark)
    assert set(drawn) == {"speed", "phases", "parity", "batch"}
    bars = [[text.get_text().strip() for text in plot.texts] for plot in drawn["speed"].axes]
    # a plot per workload
    assert bars == [["0.5", "oom", "1"], ["1.33"]]
    sizes = {drawn[name].png()[:4] for name in drawn}
    assert sizes == {b"\x89PNG"}


def test_each_machine_has_a_colour_and_bars_have_whiskers(tmp_path):
    a = save(tmp_path, "a", row(2.0), row(1.0, dtype="bfloat16"))
    b = save(tmp_path, "b", row(1.0), name="Intel(R) Xeon(R) CPU @ 2.70GHz")
    chart = charts(compare([a, b]).rows)["speed"]
    (plot,) = chart.axes
    colours = [patch.get_facecolor() for patch in plot.patches]
    assert colours[0] == colours[2] != colours[1]
    assert [text.get_text() for text in chart.legends[0].get_texts()] == [
        "A: A (a)",
        "B: Intel Xeon (b)",
    ]
    assert [text.get_text() for text in plot.get_yticklabels()] == ["float32", "bfloat16"]
    whiskers = [tuple(line.get_xdata()) for line in plot.lines]
    assert whiskers and all(low < high for low, high in whiskers)
