"""Memory while every picture has a size of its own, beside as many of one size. `python tests/sizes.py`, a minute or two."""

from __future__ import annotations

import argparse
import itertools
import random
import time

import psutil

import dwlab

SIDES = range(64, 64 + 8 * 16, 8)  # 256 sizes
EVERY = 20  # pictures between two looks


def main() -> None:
    """Print resident memory as pictures are made, and the time that they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--kinds", type=int, default=256, help="how many sizes they have, 1 to 256")
    options = parser.parse_args()
    *smaller, largest = itertools.product(SIDES, SIDES)
    random.Random(1).shuffle(smaller)
    sizes = [largest, *smaller][: options.kinds]
    began, used = time.monotonic(), time.process_time()
    for number, (width, height) in enumerate(
        itertools.islice(itertools.cycle(sizes), options.pictures), start=1
    ):
        dwlab.generate("a red circle", seed=number, steps=2, width=width, height=height)
        if number % EVERY == 0:
            print(
                f"{number} pictures: {psutil.Process().memory_info().rss / 1e6:.0f} MB", flush=True
            )
    print(f"{time.monotonic() - began:.1f} s, {time.process_time() - used:.1f} s of processors")


if __name__ == "__main__":
    main()
