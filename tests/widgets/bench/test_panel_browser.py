"""The benchmark notebook in JupyterLab, in Chromium: plan, run, look, and compare."""

from __future__ import annotations

import json

import pytest
from bench.made_up import document, row
from lab import SECONDS, Lab, seen
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
SHORT = "rounds: 1\nbase: {size: 64, steps: 2, device: cpu}\nparity: none\n"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def test_the_panel_measures_what_is_ticked_and_compares_it_with_a_file(browser, tmp_path):
    with Lab(tmp_path, {"bench-x": SHORT}, notebook="benchmark") as lab:
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(1000 * SECONDS)
        lab.watch(page)
        lab.run_all(page, shown=".dwlab-bench")
        panel = page.locator(".dwlab-bench").first

        other = json.dumps(document(row(), name=HOSTILE)).encode()
        file = {"name": f"{HOSTILE}.json", "mimeType": "application/json", "buffer": other}
        panel.get_by_label("Another machine's file").set_input_files(file)
        expect(panel.locator(".dwp-answer strong")).to_contain_text("makes 1 picture a second")
        expect(panel.get_by_role("group", name="Files", exact=True)).to_contain_text("<img src=x")
        seen(panel.locator(".dwlab-light"), 3)

        panel.get_by_label("Benchmark", exact=True).select_option("bench-x.yaml")
        panel.get_by_label("bfloat16", exact=True).uncheck()
        expect(panel.locator(".dwp-plan")).to_contain_text("1 configuration")
        expect(panel.locator(".dwp-facts")).to_contain_text("at least")
        run = panel.get_by_role("button", name="Run", exact=True)
        run.click()
        expect(run).to_be_disabled()
        expect(panel.locator(".dwp-status")).to_contain_text("Done", timeout=180_000)
        expect(panel.locator(".dwp-answer strong")).to_contain_text("A and B cannot be compared")
        expect(panel.locator(".dwp-scroll table")).to_contain_text("cpu, float32")
        for control in panel.locator(":is(input, select, button):visible").all():
            assert control.evaluate("c => c.labels?.length || c.ariaLabel || c.textContent")
        assert "owned" not in page.title()
        page.close()
    (path,) = lab.project.glob("results/benchmarks/*.json")
    assert [row["dtype"] for row in json.loads(path.read_text())["rows"]] == ["float32"]
    assert lab.outside == []
