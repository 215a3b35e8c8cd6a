"""The benchmark notebook in JupyterLab, in Chromium: tick, run, look."""

from __future__ import annotations

import json

import pytest
from lab import SECONDS, Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
SHORT = "rounds: 1\nbase: {size: 64, steps: 2, device: cpu}\nparity: none\n"


def test_the_panel_measures_what_is_ticked(browser, tmp_path):
    with Lab(tmp_path, {"bench-x": SHORT}, notebook="benchmark") as lab:
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(1000 * SECONDS)
        lab.watch(page)
        lab.run_all(page, shown=".dwlab-bench")
        panel = page.locator(".dwlab-bench").first
        panel.locator("select").select_option("bench-x.yaml")
        panel.get_by_label("bfloat16").uncheck()
        panel.get_by_role("button", name="Run").click()
        expect(panel.get_by_role("button", name="Run")).to_be_disabled()
        expect(panel.locator(".dwlab-status")).to_contain_text("Done", timeout=180_000)
        expect(panel.locator(".dwlab-view img:visible")).to_have_count(3)
        expect(panel.locator(".dwlab-view table")).to_contain_text("cpu, float32")
        page.close()
    (path,) = lab.project.glob("results/benchmarks/*.json")
    assert [row["dtype"] for row in json.loads(path.read_text())["rows"]] == ["float32"]
    assert lab.outside == []
