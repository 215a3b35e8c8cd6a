"""Slurm on this machine, for tests: one node, its daemons in a folder of their own, on loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "squeue", "scancel")
SECONDS = 300
CONFIGURATION = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=1:00:00 State=UP
"""


def skip_without_slurm():
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.skip(f"no {', '.join(missing)} (see .ci/cluster)")
    if os.geteuid():
        pytest.skip("only root may run Slurm's daemons")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Slurm:
    """A controller and a node. environment: with which Slurm's commands find them."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        self._daemons = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        text = CONFIGURATION.format(
            folder=self.folder,
            host=socket.gethostname().partition(".")[0],
            controller=free_port(),
            node=free_port(),
            cpus=os.cpu_count(),
        )
        (self.folder / "slurm.conf").write_text(text)
        files = {"socket": "munge.sock", "key-file": key.name, "pid-file": "munged.pid"}
        files |= {"seed-file": "munged.seed"}
        options = [f"--{name}={self.folder / file}" for name, file in files.items()]
        # --force: folders of tests are owned by whoever runs them
        self._daemon("munged", "--foreground", "--force", *options)
        self.wait_until((self.folder / "munge.sock").exists)
        self._daemon("slurmctld", "-D")
        self._daemon("slurmd", "-D")
        self.wait_until(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T"))

    def _daemon(self, name, *options):
        with (self.folder / f"{name}.out").open("w") as log:
            command = [shutil.which(name), *options]
            daemon = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        self._daemons.append(daemon)

    def wait_until(self, is_so):
        """Wait for something."""
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def logs(self):
        """What the daemons said."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.out")))

    def call(self, *command):
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.stdout

    def jobs(self):
        """Name and state of each job that is not over."""
        return self.call("squeue", "-h", "-o", "%j %T").split("\n")[:-1]

    def wait_until_empty(self):
        """Wait until no job is left."""
        self.wait_until(lambda: not self.jobs())

    def stop(self):
        """End all jobs, then the daemons."""
        if len(self._daemons) == 3:
            self.call("scancel", "--user", "root")
            self.wait_until_empty()
        for daemon in reversed(self._daemons):
            daemon.terminate()
            daemon.wait(SECONDS)
