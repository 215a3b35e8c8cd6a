"""ControlNets count in a model's memory: kept, dropped, estimated, refused and computed like its other parts."""

from __future__ import annotations

import threading

import diffusers
import pytest
import torch
from counting import Calls, Rows
from side_by_side import check_equal
from start_pictures import difference

import dwlab
from dwlab.models import loaded_nets, memory
from dwlab.models.loaded_models import LOADED, out_of_memory
from dwlab.models.settings import Settings, apply_to_net
from dwlab.runs.resolve import identify_all
from dwlab.spec.compute import Compute


@pytest.fixture(autouse=True)
def nothing_loaded():
    LOADED.clear()
    yield
    LOADED.clear()


@pytest.fixture
def one(controlled):
    return controlled("sd")


def drawn(params, **options):
    events = list(dwlab.stream([params], device="cpu", **options))
    return events[-1]


def test_nets_are_kept_beside_their_model_and_dropped_when_memory_runs_out(one):
    params = one.cells("text")[3]
    with Calls(loaded_nets._read) as loads:
        drawn(params)
        drawn(params)
    assert loads["_read"] == 2, "one for each of the two nets"
    assert len(LOADED) == 3
    held = LOADED.bytes_on("cpu")
    out_of_memory("cpu")
    assert len(LOADED) == 0 and held > 0


def test_renderings_at_once_load_a_net_once(one):
    params = one.cells("text")[0]
    threads = [threading.Thread(target=drawn, args=(params,)) for _ in range(3)]
    with Calls(loaded_nets._read) as loads:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert loads["_read"] == 1


def test_what_a_model_needs_includes_its_nets(one):
    params = one.cells("text")
    plain = params[0].replace(control=())
    needs = []
    for cells in ([plain], [plain, params[0]], [plain, params[0], params[3]]):
        (identity,) = identify_all(cells, Compute(device="cpu")).values()
        needs.append(identity.fit.needs.device)
    files = [(one.folder / f"net{n}/diffusion_pytorch_model.safetensors") for n in (1, 2)]
    sizes = [file.stat().st_size for file in files]
    assert needs[1] - needs[0] == pytest.approx(sizes[0], rel=0.05)
    assert needs[2] - needs[0] == pytest.approx(sum(sizes), rel=0.05)


def test_a_model_that_fits_without_its_nets_only_is_refused_with_the_numbers(one, monkeypatch):
    params = one.cells("text")[3]
    (alone,) = identify_all([params.replace(control=())], Compute(device="cpu")).values()
    room = alone.fit.demand.size.weights("float32") + 1
    monkeypatch.setattr(memory, "free_bytes", lambda _: room)
    failed = drawn(params)
    assert failed.kind == "failed" and "does not fit into the memory of cpu" in failed.error


def test_memory_is_freed_for_a_net_and_a_load_that_ran_out_is_tried_again(one, monkeypatch):
    tries = []
    apply = loaded_nets.apply_to_net

    def short(net, settings, device):
        tries.append(len(LOADED))
        if len(LOADED):
            raise MemoryError("out of memory")
        apply(net, settings, device)

    monkeypatch.setattr(loaded_nets, "apply_to_net", short)
    assert drawn(one.cells("text")[0]).kind == "done"
    assert tries == [1, 0], "the model was in memory, and was dropped"


def test_nets_compute_in_the_settings_of_their_model(one):
    params = one.cells("text")[1]
    usual = drawn(params).result
    measures = ("channels-last", "attention-slicing")
    saving = drawn(params, memory=measures).result
    assert saving.key == usual.key
    check_equal([saving], [usual.image])
    layouts = [
        net.modules[0].conv_in.weight.is_contiguous(memory_format=torch.channels_last)
        for identity, net in LOADED._models.items()
        if isinstance(identity, loaded_nets.NetIdentity)
    ]
    assert layouts == [False, True]


def test_nets_are_cast_with_the_denoiser_and_packed_all_the_same(one):
    params = one.cells("text")[1]
    usual, cast = (drawn(params, memory=names).result for names in ((), ("float8-layers",)))
    assert cast.key != usual.key and difference(cast.image, usual.image) > 0
    (net,) = [
        net.modules[0]
        for identity, net in LOADED._models.items()
        if isinstance(identity, loaded_nets.NetIdentity)
        and identity.settings.quantisation != "none"
    ]
    assert {p.dtype for p in net.parameters()} == {torch.float8_e4m3fn, torch.float32}
    with Rows(net) as rows:
        list(dwlab.stream([params, params.replace(seed=9)], device="cpu", memory="float8-layers"))
    assert max(rows) == 4, "two pictures with guidance share a forward of the net"


@pytest.mark.parametrize("offload", ["group", "sequential"])
def test_an_offloaded_net_computes_the_same(one, offload):
    folder = one.folder / "net1"
    inputs = _inputs_of(diffusers.ControlNetModel.from_pretrained(folder))
    results = []
    for settings in (Settings(), Settings(offload=offload)):
        net = diffusers.ControlNetModel.from_pretrained(folder).eval()
        # as for a GPU: on a CPU there is nothing to move, which `check` says for users
        apply_to_net(net, settings, "cpu")
        with torch.inference_mode():
            results.append(net(**inputs, return_dict=False)[1])
    assert torch.equal(*results)


def _inputs_of(net):
    torch.manual_seed(0)
    return {
        "sample": torch.randn(1, 4, 8, 8), "timestep": 3, "controlnet_cond": torch.randn(1, 3, 16, 16),
        "encoder_hidden_states": torch.randn(1, 7, net.config.cross_attention_dim),
    }  # fmt: skip
