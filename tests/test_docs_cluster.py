"""Every command of docs/cluster.md runs as it stands: its second machine and its Slurm are on this one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from background import SECONDS, Background
from second_machine import SecondMachine, skip_without_ssh
from slurm_here import Slurm, free_port, skip_without_slurm

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/cluster.md").read_text("utf-8")
QUICKSTART = "experiments/quickstart.yaml"
PICTURES = "24 made now"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def blocks(title, language="sh"):
    """The blocks of a section."""
    section = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    return re.findall(rf"```{language}\n(.*?)```", section[1], re.DOTALL)


class Reader:
    """Somebody who follows the page, in a project of their own, with free ports and few pictures."""

    def __init__(self, home):
        self.home = home
        self.project = home / "project"
        self.programs = home / "programs"
        (self.project / "experiments").mkdir(parents=True)
        self.programs.mkdir()
        experiment = yaml.safe_load((ROOT / QUICKSTART).read_text("utf-8"))
        experiment["axes"] |= {"colour": ["red"], "guidance": [1, 3]}
        (self.project / QUICKSTART).write_text(yaml.safe_dump(experiment, sort_keys=False))
        path = [str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = os.environ | {
            "HOME": str(home),
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": str(ROOT),
        }
        worker = free_port()
        ports = {"8786": str(free_port()), "8901": str(worker), "8902": str(worker + 1)}
        self._changes = ports | {f"sweep {QUICKSTART}": f"sweep {QUICKSTART} --no-notebook"}
        self._changes["0.0.0.0"] = "127.0.0.1"

    def text(self, block):
        """A block with what is different here."""
        for words, here in self._changes.items():
            block = block.replace(words, here)
        # the process itself, so that it can be ended
        return block if "sweep" in block else f"exec {block}"

    def has_ssh_to(self, machine):
        """Let `ssh` find a machine, as ~/.ssh/config does elsewhere."""
        ssh = self.programs / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {machine.config} "$@"\n')
        ssh.chmod(0o755)

    def run(self, block, program=("bash", "-euc")):
        """What a block prints, which ends well."""
        done = subprocess.run(
            [*program, block],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, background, block, log):
        """A block that goes on until it is ended."""
        command = ["bash", "-euc", self.text(block)]
        background.start(command, self.home / log, cwd=self.project, env=self.environment)


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path)


@pytest.fixture
def background():
    with Background() as background:
        yield background


def test_all_blocks_of_the_page_are_tried_here():
    tried = [
        *blocks("Several processes on this machine"),
        *blocks("Two machines over SSH"),
        *blocks("Machines that share a folder"),
        *blocks("Slurm"),
    ]
    assert len(tried) == 8 == TEXT.count("```sh")
    assert TEXT.count("```python") == 1


def test_several_processes(reader):
    (sweep,) = blocks("Several processes on this machine")
    assert PICTURES in reader.run(reader.text(sweep))


def test_a_client_of_dask(reader):
    (code,) = blocks("A client of Dask in a notebook", "python")
    assert "24 pictures" in reader.run(code, (sys.executable, "-c"))


def test_two_machines_over_ssh(reader, background, tmp_path_factory):
    skip_without_ssh()
    scheduler, worker, sweep = blocks("Two machines over SSH")
    with SecondMachine(tmp_path_factory.mktemp("machine")) as machine:
        reader.has_ssh_to(machine)
        reader.start(background, f"{scheduler.strip()} --listen 127.0.0.1:8786", "scheduler.log")
        reader.start(background, worker, "worker.log")
        assert PICTURES in reader.run(reader.text(sweep))


def test_machines_that_share_a_folder(reader, background):
    scheduler, worker, sweep = blocks("Machines that share a folder")
    reader.start(background, scheduler, "scheduler.log")
    reader.start(background, worker, "worker.log")
    assert PICTURES in reader.run(reader.text(sweep))


def test_slurm(reader, tmp_path_factory):
    skip_without_slurm()
    (sweep,) = blocks("Slurm")
    with Slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        reader.environment |= {"SLURM_CONF": cluster.environment["SLURM_CONF"]}
        text = reader.text(sweep).replace("ntasks=2", "ntasks=2 host=127.0.0.1")
        assert PICTURES in reader.run(text)
        cluster.wait_until_empty()
