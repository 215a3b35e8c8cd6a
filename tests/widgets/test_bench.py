"""The benchmark panel without a page."""

from __future__ import annotations

from dwlab.widgets.bench import BenchPanel


def bench_panel(root):
    options = {
        "devices": ["cpu"],
        "dtypes": ["float32", "bfloat16"],
        "measure": None,
        "line_up": None,
        "root": root,
    }
    return BenchPanel({"first": None, "second": None}, **options)


def test_the_panel_comes_back_as_it_was_after_a_kernel_restart(tmp_path):
    before = bench_panel(tmp_path)
    before.pick.value, before.quick.value, before.dtypes[1].value = "second", False, False
    again = bench_panel(tmp_path)
    assert (again.pick.value, again.quick.value) == ("second", False)
    assert [box.value for box in (*again.devices, *again.dtypes)] == [True, True, False]
