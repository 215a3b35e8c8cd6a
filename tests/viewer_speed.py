"""How fast a viewer of thousands of pictures opens and scrolls in Chromium: `make viewer-speed`."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import browsers
from lab import FLAGS
from playwright.sync_api import sync_playwright
from sweep_tables import sweep_table

from dwlab.views.viewer.page import save_viewer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROMPTS = tuple(f"a {colour} {shape}" for colour in ("red", "blue") for shape in "abcde")
SIZES = {
    1_152: {"prompts": PROMPTS[:6], "steps": (2, 5, 10, 25), "guidance": (1.0, 3.0, 5.0, 9.0)},
    10_000: {"prompts": PROMPTS, "steps": (2, 5, 10, 15, 25), "guidance": tuple(range(1, 11))},
}
SECONDS = 4  # of scrolling
# scrolls down and up by a fixed way per frame; returns the milliseconds of each frame
SCROLL = """([seconds, pixels]) => new Promise((done) => {
  const grid = document.querySelector('.dwv-grid');
  const times = [];
  let [last, by, began] = [performance.now(), pixels, performance.now()];
  const step = (now) => {
    times.push(now - last);
    last = now;
    if (grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1) by = -pixels;
    if (grid.scrollTop === 0) by = pixels;
    grid.scrollTop += by;
    if (now - began < 1000 * seconds) requestAnimationFrame(step);
    else done(times.slice(2));
  };
  requestAnimationFrame(step);
})"""
# whether the first thumbnails of the first rows are drawn
DRAWN = """() => [...document.querySelectorAll('canvas.dwv-pictures')].slice(0, 5)
  .every((canvas) => canvas.getContext('2d').getImageData(10, 10, 1, 1).data[3])"""


def main() -> None:
    """Print a line per size and view."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="a viewer.html to measure instead")
    path = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.chromium(), args=FLAGS)
        paths = [path.resolve()] if path else made(Path(folder))
        for each in paths:
            for state in ("", "flow=wall", "flow=wall&sort=adherence&size=48"):
                print(measured(browser, each, state))
        browser.close()


def made(folder: Path) -> list[Path]:
    """A viewer of each size, of pictures that are drawn instead of diffused."""
    paths = []
    for cells, axes in SIZES.items():
        count = len(axes["prompts"]) * len(axes["steps"]) * len(axes["guidance"])
        table = sweep_table(folder, seeds=tuple(range(cells // count)), **axes)
        path = folder / f"{cells}" / "viewer.html"
        path.parent.mkdir()
        save_viewer(table, path, title=f"{len(table):,} cells")
        paths.append(path)
    return paths


def measured(browser: Browser, path: Path, state: str) -> str:
    """How long a viewer takes to show its first thumbnails, and its frames while it scrolls."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    began = time.perf_counter()
    page.goto(f"{path.as_uri()}#{state}", wait_until="commit")
    page.wait_for_selector(".dwv-cell")
    page.wait_for_function(DRAWN)
    opened = time.perf_counter() - began
    page.wait_for_timeout(500)
    times = page.evaluate(SCROLL, [SECONDS, 50])
    title = page.title()
    page.close()
    frames = len(times) / sum(times) * 1000
    slow = statistics.quantiles(times, n=20)[-1]
    size = path.stat().st_size / 1e6
    return (
        f"{title}, {state or 'rows and columns'}: opened in {opened:.2f} s, {size:.1f} MB; "
        f"{frames:.0f} frames per second, 95% of them within {slow:.0f} ms"
    )


if __name__ == "__main__":
    main()
