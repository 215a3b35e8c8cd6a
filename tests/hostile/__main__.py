"""Everything hostile that was thought of, tried at a repeatable size: `make hostile` (see docs/robustness.md)."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import conftest  # noqa: F401  # first: offline, without a screen, and away from the user's own folders

from dwlab._util.atomic import write_atomic
from dwlab.models import device

from . import files, kills, pages, server
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {"files": files, "pages": pages, "kills": kills, "server": server}


def main() -> int:
    """Run the kinds that are asked for; returns 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)} (all, if none is named)"
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how many of each: 1 is all, 0.1 a tenth"
    )
    parser.add_argument("--json", type=Path, help="a file for all figures")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # so that servers and browsers end with this process
    began, load = time.monotonic(), os.getloadavg()[0]
    tallies = run(options.kinds or list(KINDS), options.scale)
    faults = [fault for tally in tallies for fault in tally.faults]
    machine = f"{device.describe('cpu')['name']}, {os.cpu_count()} cores, {platform.system()}"
    took = f"{time.monotonic() - began:.0f} s"
    print(
        f"{took} on {machine}; load average {load:.1f} before, {os.getloadavg()[0]:.1f} after; {len(faults)} faults"
    )
    for fault in faults:
        print("  ", fault[:500])
    if options.json:
        document = {
            "machine": machine,
            "scale": options.scale,
            "load before": load,
            "took": took,
            "kinds": list(map(asdict, tallies)),
        }
        write_atomic(options.json, json.dumps(document, indent=1).encode())
    return int(bool(faults))


def run(kinds: list[str], scale: float) -> list[Tally]:
    """The tallies of these kinds, each printed as it ends; a kind that breaks is a fault, and the next one is tried."""
    tallies: list[Tally] = []
    with tempfile.TemporaryDirectory(prefix="dwlab-hostile-") as folder:
        for kind in kinds:
            place = Path(folder) / kind
            place.mkdir()
            for tally in until_it_breaks(kind, place, scale):
                print(tally, flush=True)
                tallies.append(tally)
    return tallies


def until_it_breaks(kind: str, folder: Path, scale: float) -> Iterator[Tally]:
    """The tallies of a kind, the last one an error if there was one."""
    try:
        yield from KINDS[kind].trials(folder, scale)
    except Exception as error:  # noqa: BLE001  # an expectation that was not met, or a fault of the trial itself
        yield Tally(f"{kind}, cut short", faults=[repr(error)])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
