"""Workers on a second machine, reached by SSH tunnels or encrypted: a network of its own stands for it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from background import SECONDS, Background, wait_until
from second_machine import SecondMachine, skip_without_ssh
from slurm_here import free_port

EXPERIMENT = """
name: rings
base: {prompt: "a {colour} ring", width: 64, height: 64}
axes: {colour: [red, blue], seed: {range: [0, 6]}, steps: [2, 4]}
"""
DWLAB = [sys.executable, "-m", "dwlab"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    skip_without_ssh()
    with SecondMachine(tmp_path_factory.mktemp("ssh")) as machine:
        yield machine


@pytest.fixture
def background():
    with Background() as background:
        yield background


def begin_sweep(folder, where, *options):
    (folder / "experiments").mkdir()
    (folder / "experiments/rings.yaml").write_text(EXPERIMENT)
    command = [*DWLAB, "sweep", "experiments/rings.yaml", "--no-notebook", "--where", where]
    return subprocess.Popen(
        [*command, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sweep(folder, where):
    """What a sweep that ended well prints."""
    running = begin_sweep(folder, where)
    output, errors = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, errors
    return output


def listening(text):
    """Addresses on which something listens, in what `ss -ltn` prints, SSH apart."""
    addresses = re.findall(r"LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)", text)
    return {address for address, port in addresses if port != "22"}


def test_a_worker_behind_ssh_makes_the_pictures_and_nothing_listens_but_on_loopback(
    machine, background, tmp_path
):
    scheduler = tmp_path / "scheduler.log"
    worker = tmp_path / "worker.log"
    port = free_port()
    port_of_worker = free_port()
    background.start([*DWLAB, "scheduler", "--listen", f"127.0.0.1:{port}"], scheduler)
    tunnels = ["-R", f"{port}:127.0.0.1:{port}"]
    for number in (port_of_worker, port_of_worker + 1):
        tunnels += ["-L", f"{number}:127.0.0.1:{number}"]
    command = [*DWLAB, "worker", "--connect", f"127.0.0.1:{port}"]
    command += ["--listen", f"127.0.0.1:{port_of_worker}", "--name", "gpu-box"]
    background.start(machine.command(*command, options=tunnels), worker)
    assert listening(machine.inside("ss", "-ltn")) <= {"127.0.0.1", "[::1]"}
    assert "24 made now" in sweep(tmp_path, f"dask://127.0.0.1:{port}")
    log = (tmp_path / "results/rings/run.log").read_text()
    assert "worker gpu-box joined" in log


def test_a_worker_that_shares_the_schedulers_folder_is_reached_encrypted(
    machine, background, tmp_path
):
    scheduler = tmp_path / "scheduler.log"
    worker = tmp_path / "worker.log"
    file = tmp_path / "cluster" / "scheduler.json"
    listen = ["--listen", f"{machine.near}:0", "--scheduler-file", str(file)]
    background.start([*DWLAB, "scheduler", *listen], scheduler)
    command = [*DWLAB, "worker", "--scheduler-file", str(file), "--name", "gpu-box"]
    background.start(machine.command(*command), worker)
    assert '"address": "tls://' in file.read_text()
    assert "24 made now" in sweep(tmp_path, f"scheduler-file:{file}")


def test_a_machine_that_is_cut_off_is_named_and_its_pictures_are_made_elsewhere(
    machine, background, tmp_path
):
    scheduler = tmp_path / "scheduler.log"
    file = tmp_path / "cluster" / "scheduler.json"
    listen = ["--listen", f"{machine.near}:0", "--scheduler-file", str(file)]
    background.start([*DWLAB, "scheduler", *listen], scheduler)
    command = [*DWLAB, "worker", "--scheduler-file", str(file), "--name"]
    for name, full_command in {
        "gpu-box": machine.command(*command, "gpu-box"),
        "here": [*command, "here"],
    }.items():
        background.start(full_command, tmp_path / f"{name}.log")
    run_log = tmp_path / "results/rings/run.log"
    running = begin_sweep(tmp_path, f"scheduler-file:{file}", "--set", "seed={range: [0, 200]}")
    wait_until(lambda: run_log.exists() and run_log.read_text().count("loaded") == 2)
    machine.cut()
    output, errors = running.communicate(timeout=2 * SECONDS)
    machine.mend()
    assert running.returncode == 0, errors
    assert "800 made now" in output
    assert "worker gpu-box left" in run_log.read_text()
