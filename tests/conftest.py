"""Every test runs offline, without a screen, and away from the user's own folders."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
BROWSERS = (
    Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ms-playwright"
)
# The files that take longest, half a minute and more: a process that begins with one late keeps the others waiting.
LONGEST = (
    "notebook/test_sweep.py",
    "cli/test_exit.py",
    "render/test_packing.py",
    "server/test_browser.py",
    "bench/test_runner.py",
    "render/test_adapters.py",
    "widgets/explore/test_page_browser.py",
    "server/test_generate.py",
    "render/test_tasks.py",
    "render/test_families.py",
    "render/test_one_by_one.py",
    "render/test_control.py",
    "views/test_report.py",
    "render/test_ip_adapters.py",
    "server/test_offered_models.py",
    "server/test_connection_limits.py",
    "models/test_hub.py",
    "models/test_hub_defaults.py",
    "cli/test_bench.py",
)
FOLDER = tempfile.TemporaryDirectory(prefix="dwlab-tests-", ignore_cleanup_errors=True)


def user_folders(home: Path) -> dict[str, str]:
    """Environment that puts everything of the user's under `home`: HOME for macOS, XDG for Linux, Jupyter's own."""
    xdg = {"CACHE": ".cache", "CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state"}
    jupyter = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return (
        {"HOME": str(home)}
        | {f"XDG_{kind}_HOME": str(home / place) for kind, place in xdg.items()}
        | {name: str(home / name.lower()) for name in jupyter}
    )


# A suite that a script starts in the background is born deaf to Ctrl-C, and so would be its children, which the tests stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Now, before any library is imported: huggingface_hub, matplotlib and transformers read these once. Children inherit
# them, and so do fixtures that live longer than a test.
for _name in [name for name in os.environ if name.startswith("DWLAB_")]:
    del os.environ[_name]
os.environ.setdefault(
    "PLAYWRIGHT_BROWSERS_PATH", str(BROWSERS)
)  # the real one: a browser is no state of the user's
os.environ |= (
    user_folders(Path(FOLDER.name))
    | {
        "HF_HOME": f"{FOLDER.name}/huggingface",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",  # small models gain nothing from more, and lose tenfold where tests share the cores
        "MPLCONFIGDIR": f"{FOLDER.name}/matplotlib",  # shared by all tests: the font list in it takes seconds to make
    }
)

# No verdict by the clock; in CI the same examples every time.
settings.register_profile("dwlab", deadline=None, derandomize=IN_CI, database=None)
settings.load_profile("dwlab")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh user folders for each test; gives their home."""
    home = tmp_path_factory.mktemp("home")
    for name, place in user_folders(home).items():
        monkeypatch.setenv(name, place)
    return home


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever renders be at most two events ahead of whoever listens, however busy the machine is.

    Otherwise everything may be drawn before a listener that cancels has its turn.
    """
    monkeypatch.setattr("dwlab.render.channel.EVENTS_WAITING", 1)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test is skipped, or fails in CI, where .ci/run installs it."""
    import browsers

    path = browsers.chromium()
    if path is None:
        (pytest.fail if IN_CI else pytest.skip)(
            "no Chromium: `make browser` installs it or says how"
        )
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium without a window."""
    from lab import FLAGS
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files; run a test in a browser once more if it fails, which the summary says."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(_file_of(item), len(LONGEST)))
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _file_of(item: pytest.Item) -> str:
    """The file of a test, below the folder of tests."""
    return item.nodeid.partition("::")[0].removeprefix("tests/")


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of later garbage collections, which walk a million objects each time."""
    gc.collect()
    gc.freeze()
