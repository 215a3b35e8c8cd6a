"""Models stay in memory while there is room, so that alternating requests do not load them again."""

from __future__ import annotations

import shutil

import pytest
import torch
from checkpoint_folders import write

import dwlab
from dwlab.errors import ModelError
from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.models.loaded_models import LOADED, LoadedModels, out_of_memory
from dwlab.models.memory_plan import fitted
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams

GB = 10**9


@pytest.fixture(autouse=True)
def nothing_loaded():
    """No model in memory before a test and after it."""
    LOADED.clear()
    yield
    LOADED.clear()


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another model: the embedded one with another file in its folder."""
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path_factory.mktemp("models") / "other")
    write(folder / "notes.txt", "another model")
    return str(folder)


def drawn(model, **options):
    params = GenerationParams("a red circle", model=model, steps=1, width=64, height=64)
    return list(dwlab.stream([params], device="cpu", **options))


def loads(events):
    return sum(event.kind == "loaded" for event in events)


def test_alternating_requests_load_each_model_once(other):
    counts = [loads(drawn(model)) for model in ("shapes", other, "shapes", other, "shapes")]
    assert counts == [1, 1, 0, 0, 0]


def test_pictures_carry_the_time_that_their_model_took_to_load(other):
    first = drawn(other)
    picture, again = first[-1].result, drawn(other)[-1].result
    (event,) = (event for event in first if event.kind == "loaded")
    assert picture.load_seconds == again.load_seconds == event.seconds > 0


class Memory:
    """A device whose memory is taken by models of one size."""

    def __init__(self, size):
        self.size = size
        self.models = LoadedModels(free=self.free, total=lambda _: self.size)

    def free(self, _device):
        return self.size - sum(model.bytes for model in self.models._models.values())


class Stand:
    """A model of which only the identity and the size are known."""

    def __init__(self, identity, size):
        self.identity = identity
        self.bytes = size


def identity_of(name, size, room):
    """An identity whose model needs so many bytes."""
    from dataclasses import replace

    from dwlab.models.memory_estimate import ModelSize, PartSize
    from dwlab.models.memory_fit import Demand, Fit, Room

    known = identify("shapes", "cpu")
    demand = Demand(ModelSize((PartSize("unet", matrices=size // 4),)), "float32", 1)
    return replace(known, name=name, fit=Fit(demand, known.settings, Room(room)))


def kept(memory, sizes):
    for name, size in sizes.items():
        identity = identity_of(name, size * GB, memory.size)
        if memory.models.take(identity) is None:
            memory.models.make_room(identity)
            memory.models.add(Stand(identity, size * GB))
    return [identity.name for identity in memory.models._models]


def test_as_many_models_are_kept_as_memory_allows():
    assert kept(Memory(100 * GB), dict.fromkeys("abcde", 10)) == list("abcde")


def test_the_least_recently_used_model_makes_room_for_the_next():
    memory = Memory(40 * GB)
    assert kept(memory, dict.fromkeys("abc", 10)) == list("abc")
    memory.models.take(identity_of("a", 10 * GB, memory.size))
    assert kept(memory, {"d": 10}) == list("cad")
    assert kept(memory, {"e": 25}) == ["d", "e"]


def test_a_model_of_unknown_size_gets_all_the_memory():
    memory = Memory(100 * GB)
    kept(memory, dict.fromkeys("ab", 10))
    memory.models.make_room(identify("sd15-geometry", "cpu"))
    assert len(memory.models) == 0


def test_out_of_memory_empties_the_memory(other):
    drawn("shapes")
    drawn(other)
    assert len(LOADED) == 2
    out_of_memory("cpu")
    assert len(LOADED) == 0


def test_a_model_whose_files_changed_makes_way_for_the_new_one(tmp_path):
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path / "m")
    drawn(str(folder))
    write(folder / "notes.txt", "changed")
    assert loads(drawn(str(folder))) == 1
    assert len(LOADED) == 1


def test_a_model_computes_in_its_own_settings_after_another_one_changed_the_process(other):
    from dwlab.models.settings import Settings

    threads = torch.get_num_threads()
    stock = identify("shapes", "cpu")
    chosen = identify(other, "cpu", settings=Settings(attention="math", threads=threads + 1))
    stock, chosen = fitted(stock), fitted(chosen)
    loading.load_identified(stock)
    loading.load_identified(chosen)
    assert torch.get_num_threads() == threads + 1
    assert not torch.backends.cuda.flash_sdp_enabled()
    loading.load_identified(stock)
    assert torch.get_num_threads() == threads and torch.backends.cuda.flash_sdp_enabled()
    assert len(LOADED) == 2


def test_a_model_whose_weights_do_not_fit_is_refused_with_the_numbers_before_it_loads(monkeypatch):
    from dwlab.models import memory

    monkeypatch.setattr(memory, "free_bytes", lambda _: 1_000_000)
    identity = fitted(identify("shapes", "cpu"))
    with pytest.raises(
        ModelError, match=r"'shapes' does not fit into the memory of cpu in float32"
    ):
        loading.load_identified(identity)
    (failed,) = drawn("shapes")
    assert failed.kind == "failed" and "of 0.00 GB free" in failed.error


def test_a_load_that_runs_out_of_memory_is_tried_again_without_the_other_models(other, monkeypatch):
    from dwlab.models import loading as module

    drawn("shapes")
    apply = module.apply
    tries = []

    def short(pipeline, settings, device):
        tries.append(len(LOADED))
        if len(LOADED):
            raise MemoryError("out of memory")
        apply(pipeline, settings, device)

    monkeypatch.setattr(module, "apply", short)
    assert drawn(other)[-1].kind == "done"
    assert tries == [1, 0]
