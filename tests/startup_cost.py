"""Prints what `import dwlab` and `dwlab --help` cost, in starts of a bare interpreter. Not a test: clocks are no judges."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 21
COMMANDS = {  # name: code, the most that it should cost
    "python": ("pass", 1),
    "import dwlab": ("import dwlab", 8),
    "dwlab --help": (
        "import sys; from dwlab.cli import main; sys.argv = ['dwlab', '--help']; main()",
        25,
    ),
}


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Time all commands in turn, so that a busy spell of the machine hits each, and print medians."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, (code, _) in COMMANDS.items():
            times[name].append(seconds(code))
    bare = statistics.median(times["python"])
    for name, (_, most) in COMMANDS.items():
        median = statistics.median(times[name])
        print(f"{name:<14} {median * 1000:7.1f} ms  {median / bare:5.1f}x  (at most {most}x)")


if __name__ == "__main__":
    main()
