"""A second machine on this one: a network of its own with an SSH server, for tests as root on Linux.

What listens on its loopback is reached through SSH only, as on a machine elsewhere.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = ("ip", "ssh", "ssh-keygen", "sshd")
SECONDS = 120
# of the SSH server, as Debian's service makes it
SEPARATION = Path("/run/sshd")
SERVER = """
Port 22
ListenAddress {address}
HostKey {folder}/host
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/me.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
SetEnv PATH={path} OMP_NUM_THREADS=1
"""
CLIENT = """
Host gpu-box
  HostName {address}
  User root
  IdentityFile {folder}/me
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking accept-new
  LogLevel ERROR
"""


def call(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, f"{shlex.join(arguments)}: {done.stderr}"
    return done.stdout


def skip_without_ssh():
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.skip(f"no {', '.join(missing)} (see .ci/cluster)")
    if os.geteuid():
        pytest.skip("only root may make a network of its own")
    probe = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"no network namespaces here: {probe.stderr.decode().strip()}")


class SecondMachine:
    """A machine that is called `gpu-box` in the SSH configuration `config`."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "ssh_config"
        self.name = f"dwlab{os.getpid()}"
        # one of 16,384 networks, each of two machines
        network = f"10.77.{random.randrange(256)}"
        first = 4 * random.randrange(64)
        self.near = f"{network}.{first + 1}"
        self.address = f"{network}.{first + 2}"
        self.server = None

    def __enter__(self):
        try:
            self._connect()
            self._serve()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _connect(self):
        near, far = f"{self.name}a", f"{self.name}b"
        call("ip", "netns", "add", self.name)
        call("ip", "link", "add", near, "type", "veth", "peer", "name", far)
        call("ip", "link", "set", far, "netns", self.name)
        call("ip", "addr", "add", f"{self.near}/30", "dev", near)
        call("ip", "link", "set", near, "up")
        self.inside("ip", "addr", "add", f"{self.address}/30", "dev", far)
        self.inside("ip", "link", "set", far, "up")
        self.inside("ip", "link", "set", "lo", "up")

    def _serve(self):
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        values = {"folder": self.folder, "address": self.address, "path": path}
        for key in ("host", "me"):
            call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key))
        (self.folder / "sshd_config").write_text(SERVER.format(**values))
        self.config.write_text(CLIENT.format(**values))
        SEPARATION.mkdir(mode=0o755, exist_ok=True)
        command = [shutil.which("sshd"), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("w") as log:
            self.server = subprocess.Popen(self._inside(command), stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.1)
        raise TimeoutError((self.folder / "sshd.log").read_text())

    def _answers(self):
        done = subprocess.run(self.command("true"), capture_output=True, check=False)
        return done.returncode == 0

    def _inside(self, command):
        return ["ip", "netns", "exec", self.name, *command]

    def inside(self, *command):
        """Run a command on the second machine, without SSH; returns what it prints."""
        return call(*self._inside(command))

    def command(self, *words, options=()):
        """The command that runs another one on the second machine through SSH."""
        return ["ssh", "-F", str(self.config), *options, "gpu-box", *words]

    def cut(self):
        """Cut the network between the machines."""
        call("ip", "link", "set", f"{self.name}a", "down")

    def mend(self):
        """Connect the machines again."""
        call("ip", "link", "set", f"{self.name}a", "up")

    def stop(self):
        """End what runs on the machine, and the machine."""
        processes = subprocess.run(
            ["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False
        )
        for number in processes.stdout.split():
            subprocess.run(["kill", "-9", number], capture_output=True, check=False)
        if self.server:
            self.server.wait(SECONDS)
        # what the name space leaves to the kernel, a moment later, is gone at once
        near = f"{self.name}a"
        subprocess.run(["ip", "link", "del", near], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
