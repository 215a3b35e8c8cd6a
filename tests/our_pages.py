"""Every page of dwlab, ready to be looked at: a new page is a line in `PAGES` or `PANELS`."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lab import Lab
from playwright.sync_api import Page, expect
from rated_folders import rated_folder
from rating_pages import RatingPage, ready
from report_pages import report
from served import Served
from sweep_tables import sweep_table
from views.viewer.viewer_pages import viewer
from widgets.explore.page_use import ask, done, field, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

PROMPTS = ("a red circle", "a star", "a long prompt that says much of what is to be seen")
SWEEP = """
base: {prompt: "a large {colour} star on a white background", width: 64, height: 64}
axes:
  colour: [red, green]
  steps: [2, 4]
  seed: [1, 2]
"""
# one measurement of a moment
BENCHMARK = """
rounds: 1
warmup: 0
iterations: 1
seconds: 0
base: {size: 64, steps: 1, device: cpu}
axes:
  dtype: [float32]
parity: none
"""


class Places:
    """What the pages lie on: files and servers, made when the first page needs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def report(self) -> str:
        """The address of a report, with failed cells and a link to the viewer."""
        folder = self.folder / "report"
        table = sweep_table(folder, PROMPTS, failed=(22,))
        viewer(table, folder)
        report(table, folder / "views")
        return (folder / "views/report.html").as_uri()

    @property
    def viewer(self) -> str:
        """The address of the viewer beside the report."""
        return self.report.replace("report.html", "viewer.html")

    @cached_property
    def rating(self) -> str:
        """The address of a page of `dwlab rate`."""
        results = rated_folder(self.folder / "rating/results")
        return self._open.enter_context(RatingPage(results)).url

    @cached_property
    def server(self) -> str:
        """The address of a server that has drawn two pictures."""
        server = self._open.enter_context(Served(self.folder / "server"))
        for seed in (1, 2):
            server.wait(server.ask("a large red star", seed=seed)["job_id"])
        return server.url


class OurPage(NamedTuple):
    """How to open a page: `open(page, places)`, until it is ready.

    foreign: rules of axe-core that another library's elements break, none of them serious.
    """

    name: str
    open: Callable[[Page, Places], None]
    foreign: tuple[str, ...] = ()


class Panel(NamedTuple):
    """A part of a notebook: the notebook, the selector of what is ours, and how to use it.

    `use(page)` brings the panel from its start to where it shows all that it can.
    """

    notebook: str
    ours: str
    use: Callable[[Page], None]


def open_report(page: Page, places: Places) -> None:
    page.goto(places.report)


def open_viewer(page: Page, places: Places, state: str = "") -> None:
    # another fragment alone would not load the page
    page.goto("about:blank")
    page.goto(f"{places.viewer}#{state}")
    expect(page.locator(".dwlab-viewer").first).to_be_visible()
    page.locator(".dwv-cell").first.wait_for(state="attached")


def open_viewer_controls(page: Page, places: Places) -> None:
    open_viewer(page, places)
    for name in ("axes", "values"):
        page.locator(f".dwv-{name}").evaluate("details => { details.open = true }")


def open_picture(page: Page, places: Places) -> None:
    open_viewer(page, places)
    page.locator(".dwv-cell").first.click()
    expect(page.locator(".dwv-full")).to_be_visible()


def open_comparison(page: Page, places: Places) -> None:
    open_picture(page, places)
    page.keyboard.press("h")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    expect(page.locator(".dwc-pair")).to_be_visible()


def open_rating(page: Page, places: Places) -> None:
    page.goto(places.rating)
    ready(page)


def open_server(page: Page, places: Places) -> None:
    page.goto(f"{places.server}/ui")
    expect(page.locator("img:visible").first).to_be_visible()


def open_docs(page: Page, places: Places) -> None:
    page.goto(f"{places.server}/docs")
    page.locator(".opblock").first.wait_for()


def open_endpoint(page: Page, places: Places) -> None:
    open_docs(page, places)
    page.locator(".opblock-post .opblock-summary-control").last.click()
    page.locator(".opblock.is-open .opblock-body").wait_for()
    page.get_by_role("button", name="Try it out").click()


def use_bench(page: Page) -> None:
    ask(page)
    make(page, lambda: field(page, "Prompt").press("Control+Enter"))
    done(page)


def use_sweep(page: Page) -> None:
    run_panel(page, ".dwlab-sweep")
    page.locator(".dwlab-viewer .dwv-cell").first.wait_for()


def use_benchmark(page: Page) -> None:
    page.locator(".dwlab-bench select").first.select_option("bench-moment.yaml")
    # one process instead of two, where the processor has this type
    for other in page.locator(".dwlab-bench").get_by_label("bfloat16", exact=True).all():
        other.uncheck()
    run_panel(page, ".dwlab-bench")
    page.locator(".dwlab-bench img:visible").first.wait_for()


def run_panel(page: Page, ours: str) -> None:
    """Press Run, and wait until the panel says that it is done."""
    panel = page.locator(ours).first
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".dwp-status")).to_contain_text("Done")


PAGES = (
    OurPage("report", open_report),
    OurPage("viewer", open_viewer),
    OurPage("viewer, controls open", open_viewer_controls),
    OurPage("viewer, a picture", open_picture),
    OurPage("viewer, a comparison", open_comparison),
    OurPage("rating", open_rating),
    OurPage("server", open_server),
    OurPage("server's docs", open_docs, ("heading-order",)),
    OurPage("server's docs, an endpoint", open_endpoint, ("heading-order",)),
)
PANELS = (
    Panel("explore", ".dwlab-explore", use_bench),
    Panel("sweep", ".dwlab-sweep", use_sweep),
    Panel("benchmark", ".dwlab-bench", use_benchmark),
)


def lab_of_panels(folder: Path, app: str, theme: str = "JupyterLab Light") -> Lab:
    """JupyterLab or Notebook 7 with the notebooks of all panels and small experiments."""
    experiments = {"quickstart": SWEEP, "bench-moment": BENCHMARK}
    notebooks = [panel.notebook for panel in PANELS]
    return Lab(folder, experiments, notebook=notebooks, app=app, theme=theme)
