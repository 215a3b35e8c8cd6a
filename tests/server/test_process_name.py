"""Names of processes tell those that have ended from those that live."""

from __future__ import annotations

import os
from pathlib import Path

from dwlab.server.jobs.process_name import is_dead, this_process

ALIVE = this_process()


def test_the_name_of_a_process_tells_it_from_a_later_one_of_the_same_number():
    assert this_process() == ALIVE and str(os.getpid()) in ALIVE
    node, pid, began = ALIVE.rsplit("/", 2)
    assert is_dead(f"{node}/{pid}/{began}1"), "another process had this number"
    boot = Path("/proc/sys/kernel/random/boot_id")
    assert not boot.exists() or began.startswith(boot.read_text().strip())
