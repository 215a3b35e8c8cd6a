"""Make the plots, the grid and the report of README and docs from real runs: `make pictures`."""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
from pathlib import Path

import browsers  # of tests/, which `make` puts on the path
import nbformat
from lab import FLAGS
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from stale_pictures import record

import dwlab
from dwlab._util.atomic import write_atomic
from dwlab.bench import preview_strips
from dwlab.bench.charts import charts
from dwlab.bench.cluster_scale import costs_of, scale_chart, scales
from dwlab.bench.compare import compare
from dwlab.bench.engine.chart import engine_chart
from dwlab.bench.engine.report import EngineReport
from dwlab.bench.files import load
from dwlab.bench.quality.chart import quality_chart
from dwlab.bench.quality.report import QualityReport
from dwlab.bench.search.chart import choices_chart
from dwlab.bench.search.report import Report
from dwlab.notebook.papermill import run_notebook
from dwlab.shapes import train
from dwlab.views.design import colours
from dwlab.views.figures import save as save_figure
from dwlab.views.plots import metric_plot
from dwlab.views.trace_plots import film_plot, trace_plot
from dwlab.workflows.report import make_report
from dwlab.workflows.sweep import execute
from dwlab.workflows.viewer import make_viewer

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# as experiments/checkpoints.yaml says it
TRAINING = (
    f"--work {ROOT}/results/training --start shapes --forget-words --batch 16 "
    "--unet-samples 4800 --pool 1000 --until unet"
)


def main() -> None:
    """Run the experiments, then draw and photograph what they leave: seven minutes on two cores.

    Results go into the folder that the first argument names, otherwise into a temporary one.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        results = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "results")
        for name in ("quickstart", "shapes", "good-enough", "convergence", "probes"):
            execute(dwlab.Sweep.from_yaml(ROOT / "experiments" / f"{name}.yaml"), results=results)
        save(Image.open(results / "quickstart" / "grid.png"), "quickstart-grid.png", width=1400)
        benchmarks()
        adherence(results)
        good_enough(results)
        cluster_scale(results)
        convergence(results)
        probes(results)
        methods(results)
        checkpoints(results)
        training()
        searches()
        previews()
        browser = playwright.chromium.launch(executable_path=browsers.chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1000}, color_scheme="light")
        report_of_good_enough(page, results)
        viewer(browser, results)
        browser.close()


def adherence(results: Path) -> None:
    """The embedded model's adherence over steps and guidance, from experiments/shapes.yaml."""
    buffer = io.BytesIO()
    table = dwlab.Results(results).table("shapes")
    metric_plot(table, "adherence", x="steps", hue="guidance").savefig(buffer, dpi=110)
    save(Image.open(buffer), "shapes-adherence.png", width=1000)


def checkpoints(results: Path) -> None:
    """Adherence along a short training, from experiments/checkpoints.yaml; five minutes more."""
    experiment = ROOT / "experiments" / "checkpoints.yaml"
    if not (ROOT / "results" / "training" / "checkpoint-300").is_dir():
        train.main(TRAINING.split())
    execute(dwlab.Sweep.from_yaml(experiment), results=results)
    buffer = io.BytesIO()
    table = dwlab.Results(results).table("checkpoints")
    metric_plot(table, "adherence", x="checkpoint").savefig(buffer, dpi=110)
    save(Image.open(buffer), "checkpoints-adherence.png", width=1000)


def good_enough(results: Path) -> None:
    """The heat maps and the frontier of experiments/good-enough.yaml."""
    for figure in ("heat-maps", "frontier"):
        buffer = io.BytesIO()
        dwlab.Results(results).plot("good-enough", figure).savefig(buffer, dpi=130)
        save(Image.open(buffer), f"good-enough-{figure}.png", width=910)


def cluster_scale(results: Path) -> None:
    """How a sweep scales over simulated devices, with the costs of experiments/good-enough.yaml."""
    chart = scale_chart(scales(costs_of(results, "good-enough")))
    buffer = io.BytesIO()
    chart.savefig(buffer, dpi=130)
    save(Image.open(buffer), "cluster-scale.png", width=910)


def report_of_good_enough(page: Page, results: Path) -> None:
    """The answer at the top of the report of experiments/good-enough.yaml."""
    make_report(results, "good-enough")
    page.goto((results / "good-enough" / "report.html").resolve().as_uri())
    photograph(page, "good-enough-report.png")


def viewer(browser: Browser, results: Path) -> None:
    """The viewer of experiments/good-enough.yaml, in both themes."""
    path = make_viewer(results, "good-enough")
    for theme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1200, "height": 860}, color_scheme=theme)
        page.goto(path.resolve().as_uri())
        photograph(page, f"viewer-{theme}.png")
    opened_pictures(browser, path.resolve().as_uri())


def opened_pictures(browser: Browser, address: str) -> None:
    """One picture of a viewer, two compared, and the viewer on a phone."""
    page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="light")
    page.goto(address)
    page.locator(".dwv-box").nth(5).click()
    page.keyboard.press("h")
    page.keyboard.press("ArrowRight")
    photograph(page, "viewer-picture.png")
    page.keyboard.press("c")
    photograph(page, "viewer-compare.png")
    phone = browser.new_page(viewport={"width": 390, "height": 780}, color_scheme="dark")
    phone.goto(f"{address}#size=48&sort=adherence")
    photograph(phone, "viewer-phone.png")


def convergence(results: Path) -> None:
    """Convergence in experiments/convergence.yaml, for the page and for a paper."""
    figure = dwlab.Results(results).plot("convergence", "convergence")
    save_figure(figure, DOCS / "convergence.pdf")
    record(DOCS, "convergence.pdf")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=220)
    save(Image.open(buffer), "convergence.png", width=740)


def probes(results: Path) -> None:
    """The guidance norm along the noise levels, and films, of experiments/probes.yaml."""
    stored = dwlab.Results(results)
    norms = stored.traces("guidance_norm", "probes")
    figures = {
        "norm": trace_plot(norms, "guidance", x="sigma"),
        "film": film_plot(stored.traces("x0", "probes"), "guidance"),
    }
    for name, figure in figures.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=130)
        save(Image.open(buffer), f"probes-{name}.png", width=910)


def methods(results: Path) -> None:
    """What notebooks/your-own-method.ipynb draws of two methods beside the stock call."""
    notebook = run_notebook(
        "your-own-method", results / "your-own-method.ipynb", {"results": str(results)}
    )
    cells = {cell.id: cell for cell in nbformat.read(notebook, 4).cells}
    for name in ("difference", "norms", "film"):
        drawn = base64.b64decode(cells[name].outputs[0].data["image/png"])
        save(Image.open(io.BytesIO(drawn)), f"methods-{name}.png", width=700)


def benchmarks() -> None:
    """Charts of the rows that this project measured, from results/reference/."""
    files = sorted((ROOT / "results" / "reference").glob("*.json"))
    for path in files:
        for name, chart in charts(compare([path]).rows).items():
            save(
                Image.open(io.BytesIO(chart.png())), f"benchmark-{path.stem}-{name}.png", width=700
            )
    for path in sorted((ROOT / "results" / "reference" / "engine").glob("*.json")):
        save(
            Image.open(io.BytesIO(engine_chart(EngineReport.of(load(path))).png())),
            f"engine-{path.stem}.png",
            width=700,
        )
    for path in sorted((ROOT / "results" / "reference" / "quality").glob("*.json")):
        save(
            Image.open(io.BytesIO(quality_chart(QualityReport.of(load(path))).png())),
            f"quality-{path.stem}.png",
            width=700,
        )


def training() -> None:
    """The loss along the training of the shipped denoiser, from the log that it left."""
    rows = [
        json.loads(line)
        for line in (DOCS / "shapes-training.jsonl").read_text("utf-8").splitlines()
    ]
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [row["samples"] for row in rows],
        [row["loss"] for row in rows],
        color=colours(dark=False)["series-1"],
        linewidth=1,
    )
    axes.set(xlabel="samples", ylabel="loss", xlim=0)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    save(Image.open(buffer), "shapes-training.png", width=800)


def searches() -> None:
    """How often searches choose right, from results/reference/search/adherence.json."""
    report = Report.read(ROOT / "results" / "reference" / "search" / "adherence.json")
    chart = choices_chart(report.choices, "adherence")
    save(Image.open(io.BytesIO(chart.png())), "search-right.png", width=700)


def previews() -> None:
    """Previews of the embedded model as its runs go on."""
    recipes = preview_strips.recipes_of(
        "shapes", preview_strips.PROMPTS, preview_strips.SCHEDULERS, steps=20
    )
    strips = preview_strips.strips(dwlab.load("shapes"), recipes)
    buffer = io.BytesIO()
    preview_strips.figure_of(recipes, strips).savefig(buffer, dpi=110)
    save(Image.open(buffer), "previews.png", width=1000)


def photograph(page: Page, name: str) -> None:
    """What the page shows now."""
    page.wait_for_timeout(1000)  # for pictures that load as they come into view
    save(Image.open(io.BytesIO(page.screenshot())), name, width=1200)


def save(image: Image.Image, name: str, width: int) -> None:
    """Write a picture to docs/, at most `width` pixels wide and with few colours, so that the repository stays small."""
    image = image.convert("RGB")
    image.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(192, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    write_atomic(DOCS / name, buffer.getvalue())
    record(DOCS, name)


if __name__ == "__main__":
    main()
