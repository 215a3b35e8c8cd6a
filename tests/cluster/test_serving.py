from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from served import wait_for

import dwlab
from dwlab.cluster import certificates, tasks
from dwlab.cluster.admission import Admission
from dwlab.cluster.connect import connected
from dwlab.cluster.serving import DEATH_SECONDS, Listening, run_scheduler, run_workers
from dwlab.errors import InvalidInput
from dwlab.spec.compute import Compute
from dwlab.spec.where import parse

SECONDS = 120  # that anything may take on a busy machine
DWLAB = [sys.executable, "-c", "from dwlab.cli import main; main()"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Running:
    """A command of dwlab that runs until the block ends, with what it printed so far."""

    def __init__(self, folder, *words):
        self.file = folder / f"{words[0]}.txt"
        self.words = words

    def __enter__(self):
        with self.file.open("w") as file:
            self.process = subprocess.Popen(
                [*DWLAB, *self.words], stdout=file, stderr=subprocess.STDOUT, env=os.environ
            )
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)

    def wait_for(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.file.read_text("utf-8"):
            assert self.process.poll() is None, self.file.read_text("utf-8")
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.parametrize("address", ["10.1.2.3:8786", "tcp://node7.lan:8786"])
def test_a_worker_goes_to_no_other_machine_without_encryption(address):
    with pytest.raises(InvalidInput, match=r"--connect is .*tls://"):
        run_workers(address=address, tell=print)


def test_a_worker_needs_one_scheduler(tmp_path):
    with pytest.raises(InvalidInput, match="--connect"):
        run_workers(tell=print)
    with pytest.raises(InvalidInput, match="dwlab scheduler --scheduler-file"):
        run_workers(scheduler_file=tmp_path / "none.json", tell=print)


@pytest.mark.parametrize("text", ["x", "{}", "[]"])
def test_a_file_without_a_scheduler_is_refused(tmp_path, text):
    file = tmp_path / "scheduler.json"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=r"--scheduler-file is .*; allowed: the file that"):
        run_workers(scheduler_file=file, tell=print)
    place = connected(parse(f"scheduler-file:{file}"))
    with pytest.raises(InvalidInput, match=r"where is .*; allowed: the file that"), place:
        pass


@pytest.mark.parametrize("device", ["local", "slurm", "xyz", "dask://127.0.0.1:8786"])
def test_a_worker_is_told_which_devices_there_are(device):
    with pytest.raises(InvalidInput, match=r"--device is .*cuda:N"):
        run_workers(address="127.0.0.1:8786", device=device, tell=print)


def test_a_file_whose_scheduler_is_not_encrypted_is_refused(tmp_path):
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": "tcp://10.1.2.3:8786"}), "utf-8")
    with pytest.raises(InvalidInput, match="--scheduler-file"):
        run_workers(scheduler_file=file, tell=print)


def test_a_scheduler_listens_on_loopback_unless_it_is_encrypted():
    with pytest.raises(InvalidInput, match=r"--listen is '0\.0\.0\.0'"):
        run_scheduler(listen=Listening("0.0.0.0", 8786), tell=print)  # refused


@pytest.mark.parametrize("text", ["8786", "127.0.0.1", "127.0.0.1:99999", ":80"])
def test_an_address_has_a_host_and_a_port(text):
    with pytest.raises(InvalidInput, match="--listen"):
        Listening.of("--listen", text)


@pytest.mark.slow
def test_a_sweep_by_workers_of_another_process_over_an_encrypted_way(tmp_path):
    file = tmp_path / "lab" / "scheduler.json"
    # with a certificate beside its file, a scheduler is encrypted on loopback too
    certificates.make_beside(file)
    listen = f"127.0.0.1:{free_port()}"
    with Running(tmp_path, "scheduler", "--listen", listen, "--scheduler-file", file) as scheduler:
        scheduler.wait_for("tls://127.0.0.1")
        with Running(tmp_path, "worker", "--scheduler-file", file, "--name", "big") as worker:
            worker.wait_for("working as big")
            sweep = dwlab.Sweep(
                "far", base={"prompt": "a red circle", "steps": 2}, axes={"seed": [0, 1]}
            )
            table = sweep.run(tmp_path / "results", where=f"scheduler-file:{file}")
            assert list(table["worker"]) == ["big", "big"]
        # a worker that is told to end says nothing bad
        assert "Traceback" not in worker.file.read_text("utf-8")
    assert "Traceback" not in scheduler.file.read_text("utf-8")


@pytest.mark.slow
def test_a_worker_ends_when_its_scheduler_is_gone(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    with Running(tmp_path, "scheduler", "--listen", address) as scheduler:
        scheduler.wait_for("workers:")
        with Running(tmp_path, "worker", "--connect", address) as worker:
            worker.wait_for("working as")
            scheduler.process.kill()
            # for a minute it looks whether the scheduler comes again
            worker.process.wait(DEATH_SECONDS + SECONDS)


@pytest.mark.slow
def test_in_exact_mode_a_worker_whose_arithmetic_differs_is_refused(
    client, workers, cells, tmp_path, monkeypatch
):
    # without vector instructions sums round in another order
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    compute = Compute(exact=4)
    admission = Admission(cells(1, compute), compute, "canary")

    def refusal(name, worker):
        document, blobs = admission.parcel.document, admission.parcel.blobs
        answer = client.submit(tasks.check, document, blobs, workers=[worker], pure=False)
        return admission.refusal(name, answer.result(SECONDS))

    assert refusal("cpu:0", workers[0]) == ""
    # beside the certificate of the cluster
    file = Path(client.security.tls_ca_file).with_name("scheduler.json")
    file.write_text(json.dumps({"address": client.scheduler.address}), "utf-8")
    with Running(tmp_path, "worker", "--scheduler-file", file, "--name", "other") as other:
        other.wait_for("working as other")
        infos = client.scheduler_info(n_workers=-1)["workers"]
        (address,) = [each for each, info in infos.items() if info["name"] == "other"]
        reason = refusal("other", address)
    # other tests share the cluster
    wait_for(lambda: address not in client.scheduler_info(n_workers=-1)["workers"])
    assert "in exact mode its pixels differ from those of cpu:0" in reason
