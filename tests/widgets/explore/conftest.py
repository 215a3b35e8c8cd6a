"""The prompt bench without a page, in a project of its own; and on a page of JupyterLab."""

import pytest
from lab import Lab

import dwlab


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    bench.controls = {
        **bench.controls,
        "prompt": "a star",
        "steps": 2,
        "width": 64,
        "height": 64,
        "seed": 1,
        "locked": True,
    }
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), {}, notebook="explore") as lab:
        yield lab


@pytest.fixture(scope="module")
def page(browser, lab):
    from widgets.explore.page_use import new_page

    page = new_page(browser, lab)
    lab.run_all(page, ".dwlab-explore")
    yield page
    page.close()
