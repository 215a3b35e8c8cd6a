from __future__ import annotations

import os
import socket
import sys

import psutil
import pytest
from distributed import Client

from dwlab.cluster.connect import connected, cores, devices_of, environment, names_of
from dwlab.errors import InvalidInput, MissingExtra, RenderError
from dwlab.models import device
from dwlab.spec.where import parse


def test_each_worker_has_one_thread_and_its_name(client):
    infos = client.scheduler_info(n_workers=-1)["workers"].values()
    assert {info["name"] for info in infos} == {"cpu:0", "cpu:1"}
    assert {info["nthreads"] for info in infos} == {1}
    assert {info["memory_limit"] for info in infos} == {0}
    assert [info["resources"] for info in infos] == [{"cpu": 1}, {"cpu": 1}]


def test_every_port_is_on_loopback(client):
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    ports = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert ports
    assert set(ports) == {"127.0.0.1"}


def test_other_users_of_the_machine_are_kept_out(client):
    assert client.scheduler.address.startswith("tls://")
    address = client.scheduler.address.replace("tls://", "tcp://")
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        Client(address, timeout=2, set_as_default=False)


def test_workers_share_the_cores_of_their_machine(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert environment("cpu:1", 4)["OMP_NUM_THREADS"] == "2"
    assert environment("cpu:1", 16)["OMP_NUM_THREADS"] == "1"


def test_workers_leave_the_environment_of_this_process_as_it_is(client):
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
    threads = client.run(lambda: __import__("torch").get_num_threads())
    assert set(threads.values()) == {max(1, cores() // 2)}


def test_a_gpu_is_pinned_by_its_number_among_the_visible_ones(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert environment("cuda:1", 2)["CUDA_VISIBLE_DEVICES"] == "5"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert environment("cuda:1", 2)["CUDA_VISIBLE_DEVICES"] == "1"


def test_all_gpus_are_those_of_this_machine(monkeypatch):
    monkeypatch.setattr(device, "available", lambda: ["cpu", "cuda:0", "cuda:1"])
    devices = devices_of(parse("cuda:*"))
    assert devices == ("cuda:0", "cuda:1")
    assert names_of(devices) == ["cuda:0", "cuda:1"]
    with pytest.raises(InvalidInput, match="cuda:7"):
        devices_of(parse("cuda:0,cuda:7"))


def test_without_a_gpu_there_is_no_place_for_gpus(monkeypatch):
    monkeypatch.setattr(device, "available", lambda: ["cpu"])
    with pytest.raises(InvalidInput, match=r"cpu\*N"):
        devices_of(parse("cuda:*"))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("dwlab.cluster.elsewhere.CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(RenderError, match=r"127\.0\.0\.1:1 .*dwlab worker"),
        connected(parse("dask://127.0.0.1:1")),
    ):
        pass


def test_without_the_library_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"dwlab\[cluster\]"), connected(parse("cpu*2")):
        pass


@pytest.mark.parametrize("address", ["dask://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_nobody_there_is_said_in_words(address):
    with (
        pytest.raises(RenderError, match="no scheduler of Dask answers"),
        connected(parse(address)),
    ):
        pass


def test_what_listens_but_is_no_scheduler_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("dwlab.cluster.elsewhere.CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"dask://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(RenderError, match="does not speak as Dask does"),
            connected(parse(address)),
        ):
            pass


def test_an_encrypted_place_without_certificates_is_an_error_in_words():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(RenderError, match="no scheduler of Dask answers"),
            connected(parse(address)),
        ):
            pass
