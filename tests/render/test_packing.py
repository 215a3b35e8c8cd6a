"""Packed cells come out as the lone stock call makes them, whatever runs beside them, fails or is cancelled."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
import torch
from counting import Rows
from diffusers.hooks import HookRegistry, ModelHook
from start_pictures import difference

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Cancelled
from dwlab.models import loading
from dwlab.models.settings import Settings, apply, denoiser_of
from dwlab.render import call
from dwlab.render.packing import calls, stand_ins
from dwlab.render.packing.memo import Memo
from dwlab.render.packing.pack import Pack
from dwlab.render.packing.refusal import refusal
from dwlab.render.packing.size import Size
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec import families
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams
from dwlab.store import store
from dwlab.store.store import Store

PROMPTS = (
    "a red circle",
    "a small blue square left of a very large green star on a black background",
)
SCHEDULERS = (
    "DDIM",
    "DDPM",
    "PNDM",
    "Euler",
    "Euler a",
    "Heun",
    "DPM2",
    "DPM++ 2M",
    "UniPC",
    "LCM",
    "DEIS",
)
FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
EULERS = [
    ("FlowMatchEulerDiscreteScheduler", options)
    for options in (
        {}, {"shift": 3.0}, {"shift": 0.5, "use_exponential_sigmas": True}, {"use_karras_sigmas": True},
        {"time_shift_type": "linear"},
    )
]  # fmt: skip
UNIPCS = [
    ("UniPCMultistepScheduler", FLOW | options)
    for options in ({}, {"solver_type": "bh1"}, {"solver_order": 3})
]
FLOWS = {
    "sd3": [
        *EULERS, ("FlowMatchHeunDiscreteScheduler", {}), *UNIPCS, ("DEISMultistepScheduler", FLOW),
        ("DPMSolverMultistepScheduler", FLOW), ("DPMSolverSinglestepScheduler", FLOW),
    ],
    "flux": [*EULERS, *UNIPCS, (EULERS[0][0], {"shift": 1.5}), (EULERS[0][0], {"shift": 5.0, "use_karras_sigmas": True})],
}  # fmt: skip
BASE = {
    "shapes": {"width": 64, "height": 64},
    "sd": {"width": 16, "height": 16},
    "sdxl": {"width": 16, "height": 16},
    "sd3": {"width": 16, "height": 16, "call": {"max_sequence_length": 32}},
    "flux": {"width": 16, "height": 16, "call": {"max_sequence_length": 32}},
}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Gives a model of a family, saved and loaded like any other."""
    loaded = {}

    def of(family, dtype="float32"):
        if (family, dtype) not in loaded:
            name = "shapes"
            if family != "shapes":
                folder = tmp_path_factory.mktemp(family)
                getattr(tiny, family)().save_pretrained(folder)
                name = str(folder)
            loaded[family, dtype] = loading.load(name, "cpu", dtype)
        return loaded[family, dtype]

    return of


def as_if_loaded_so(model):
    """The model, whatever a test then changes in it: with settings of a profile it could have been loaded so."""
    return dataclasses.replace(model, loaded=None)


def cells(
    model,
    family,
    *,
    schedulers=(("DDIM", {}),),
    prompts=PROMPTS,
    seeds=(0,),
    steps=(2, 4),
    guidances=(1.0, 4.0),
):
    return [
        GenerationParams(
            prompt, seed=seed, steps=n, guidance=guidance, scheduler=name, scheduler_options=options,
            model=model.identity.name, **BASE[family],
        )
        for name, options in schedulers for prompt in prompts for seed in seeds for n in steps for guidance in guidances
    ]  # fmt: skip


def made(model, asked, **options):
    """Index -> picture; all must come out."""
    events = list(dwlab.stream(asked, model=model, **options))
    assert [event.error for event in events if event.kind == "failed"] == []
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    assert len(pictures) == len(asked)
    return [pictures[k] for k in range(len(asked))]


def run_jobs(pack, job, count):
    jobs = iter([functools.partial(job, number) for number in range(count)])
    pack.run(functools.partial(next, jobs, None))


def lone(model, params):
    """The plain stock call, untouched by dwlab and without what was not asked for."""
    pipeline = copy.copy(model.pipeline)
    pipeline.scheduler = loading.scheduler_for(model, params)
    negative = {"negative_prompt": params.negative_prompt} if params.negative_prompt else {}
    return pipeline(
        params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance, width=params.width,
        height=params.height, generator=torch.Generator().manual_seed(params.seed), **negative, **params.call,
    ).images[0]  # fmt: skip


MATRIX = pytest.mark.parametrize("matrix", ["short", pytest.param("all", marks=pytest.mark.slow)])


def matrix_cells(matrix, model, family, schedulers, steps):
    """All schedulers with all prompts, steps and guidances, or in short with two combinations that have each of them."""
    if matrix == "all":
        return cells(model, family, schedulers=schedulers, steps=steps)
    first = {"prompts": PROMPTS[:1], "steps": steps[:1], "guidances": (1.0,)}
    last = {"prompts": PROMPTS[1:], "steps": steps[-1:], "guidances": (4.0,)}
    return [
        *cells(model, family, schedulers=schedulers, **first),
        *cells(model, family, schedulers=schedulers, **last),
    ]


@MATRIX
@pytest.mark.parametrize("family", ["shapes", "sd", "sdxl"])
def test_close_to_the_lone_stock_call_with_every_scheduler(load, family, matrix):
    model = load(family)
    schedulers = [(name, {}) for name in SCHEDULERS]
    asked = matrix_cells(matrix, model, family, schedulers, steps=(4,))
    with Rows(model.pipeline.unet) as rows:
        pictures = made(model, asked)
    assert max(rows) > 2  # calls were merged
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 1
    assert len({p.image.tobytes() for p in pictures}) > len(pictures) / 2  # and tell something


@MATRIX
@pytest.mark.parametrize("family", ["sd3", "flux"])
def test_transformers_are_close_to_the_lone_stock_call_too(load, family, matrix):
    model = load(family)
    asked = matrix_cells(matrix, model, family, FLOWS[family], steps=(2, 3))
    with Rows(model.pipeline.transformer) as rows:
        pictures = made(model, asked)
    assert max(rows) > 2
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 1


def test_mixed_sizes_and_negative_prompts_in_one_sweep(load):
    model = load("flux")
    wide, tall = (
        cells(model, "flux", schedulers=EULERS[:1])[0].replace(width=w, height=48 - w)
        for w in (16, 32)
    )
    for picture in made(model, [wide, tall, wide.replace(seed=4), tall.replace(seed=4)]):
        assert difference(picture.image, lone(model, picture.params)) <= 1
    model = load("sd")
    asked = [
        c.replace(negative_prompt=n)
        for c in cells(model, "sd", steps=(3,))
        for n in ("", "blue", "dark " * 100)
    ]
    asked += [c.replace(width=24) for c in asked[:4]]
    for picture in made(model, asked):
        assert difference(picture.image, lone(model, picture.params)) <= 1


def test_guidance_rescale_and_step_interrupting_settings_stay_with_their_cell(load):
    model = load("sd")
    asked = [
        c.replace(call={"guidance_rescale": r, "eta": e})
        for c in cells(model, "sd")
        for r in (0.0, 0.7)
        for e in (0.0, 1.0)
    ]
    for picture in made(model, asked):
        assert difference(picture.image, lone(model, picture.params)) <= 1


def test_calls_merge_only_where_unbatched_tensors_are_equal(load):
    transformer = load("flux").pipeline.transformer
    rows = 3  # as many as there are text tokens: a shape alone would not tell the batch

    def call(ids):
        given = {
            "hidden_states": torch.randn(rows, 4, 4), "timestep": torch.ones(rows), "guidance": None,
            "pooled_projections": torch.randn(rows, 32), "encoder_hidden_states": torch.randn(rows, 3, 32),
            "txt_ids": torch.zeros(3, 3), "img_ids": ids, "joint_attention_kwargs": {}, "return_dict": False,
        }  # fmt: skip
        return calls.Call.of(transformer, "__call__", (), given)

    ids = torch.arange(12.0).reshape(4, 3)
    first, second, third = call(ids), call(ids.clone()), call(ids.flip(0))
    assert first.key == second.key != third.key
    with torch.inference_mode():
        alone = [c.alone()[0] for c in (first, second)]
        together = [output[0] for output in calls.merged([first, second], 8)]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(alone, together, strict=True))


def test_a_stand_in_passes_for_the_module_and_shares_its_weights(load):
    unet = load("sd").pipeline.unet
    twin = stand_ins.stand_in(unet, "__call__", lambda *_args, **_kwargs: "instead")
    assert isinstance(twin, type(unet)) and type(twin).__name__ == type(unet).__name__
    assert twin.config == unet.config and twin.dtype == unet.dtype
    assert next(twin.parameters()) is next(unet.parameters())
    assert twin(1) == "instead"


EXACT = 8


@pytest.mark.parametrize("family", BASE)
def test_in_exact_mode_a_cell_is_the_same_to_the_bit_alone_in_company_and_in_any_order(
    load, family
):
    model = load(family)
    schedulers = (
        [FLOWS[family][k] for k in (0, 5)]
        if family in FLOWS
        else [("DDIM", {}), ("Heun", {}), ("Euler a", {})]
    )
    asked = cells(model, family, schedulers=schedulers, prompts=PROMPTS[:1])
    together = {p.params: p.png() for p in made(model, asked, exact=EXACT)}
    shuffled = random.Random(3).sample(asked, len(asked))
    with Rows(denoiser_of(model.pipeline)) as rows:
        again = {p.params: p.png() for p in made(model, shuffled, exact=EXACT)}
    assert set(rows) == {EXACT}
    assert again == together
    for params in asked[::5]:
        assert made(model, [params], exact=EXACT)[0].png() == together[params]


def test_exact_pictures_survive_a_stop_and_a_resume_and_have_keys_of_their_own(
    load, tmp_path, monkeypatch, in_step
):
    monkeypatch.setattr(store, "GROUP_SECONDS", 0.0)  # each picture is told as soon as it is there
    spec = Sweep(
        "exact", base={"prompt": PROMPTS[0], "width": 16, "height": 16, "model": load("sd").identity.name},
        axes={"seed": [0, 1], "steps": [2, 3, 5], "guidance": [1, 3]},
    )  # fmt: skip

    def rows(root):
        with Store(root) as opened:
            return {row["key"]: (row["image"], row["mode"]) for row in opened.cells.rows("exact")}

    run(spec, results=tmp_path / "whole", compute=Compute(exact=EXACT))
    cancel, done = threading.Event(), []

    def stop(event):
        done.extend([event.index] if event.kind == "done" else [])
        if len(done) > 2:
            cancel.set()

    outcome = run(
        spec, results=tmp_path / "cut", compute=Compute(exact=EXACT), cancel=cancel, on_event=stop
    )
    assert 0 < outcome.left < 12
    assert spec.plan(tmp_path / "cut", exact=EXACT).done == outcome.made
    run(spec, results=tmp_path / "cut", compute=Compute(exact=EXACT))
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    assert {mode for _, mode in rows(tmp_path / "cut").values()} == {f"exact:{EXACT}"}
    assert spec.plan(tmp_path / "cut").done == 0
    assert spec.plan(tmp_path / "cut", exact=EXACT + 1).done == 0
    (tmp_path / "cut" / "dwlab.sqlite").write_bytes(b"broken")
    assert {mode for _, mode in rows_after_mending(tmp_path / "cut")} == {f"exact:{EXACT}"}


KILLED = """
import json, os, signal, sys
from dwlab.store import store
from dwlab.runs.sweep import Sweep

store.GROUP_SECONDS = 0.0
from dwlab.models.settings import denoiser_of

done = []

def end(event):
    done.extend([event.index] if event.kind == "done" else [])
    if len(done) > 2:
        os.kill(os.getpid(), signal.SIGKILL)

Sweep.from_dict(json.loads(sys.argv[1])).run(sys.argv[2], exact=int(sys.argv[3]), on_event=end)
"""


@pytest.mark.slow
def test_exact_pictures_survive_a_kill(load, tmp_path):
    spec = Sweep(
        "killed", base={"prompt": PROMPTS[0], "width": 16, "height": 16, "guidance": 3, "model": load("sd").identity.name},
        axes={"seed": [0, 1, 2], "steps": [2, 3, 5]}, metrics=(),
    )  # fmt: skip

    def pictures(root):
        with Store(root) as opened:
            return {row["key"]: row["image"] for row in opened.cells.rows("killed")}

    told = [json.dumps(spec.as_dict()), str(tmp_path / "killed"), str(EXACT)]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}  # of which bytes may depend
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *told], env=os.environ | threads, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    before = pictures(tmp_path / "killed")
    assert 0 < len(before) < 9
    run(spec, results=tmp_path / "killed", compute=Compute(exact=EXACT))
    run(spec, results=tmp_path / "whole", compute=Compute(exact=EXACT))
    after = pictures(tmp_path / "killed")
    assert before.items() <= after.items() == pictures(tmp_path / "whole").items()


def rows_after_mending(root):
    with Store(root) as opened:
        return {(row["key"], row["mode"]) for row in opened.cells.rows()}


@pytest.mark.parametrize("exact", [0, 1, True, 2.5, 5000])
def test_a_bucket_that_cannot_be_is_refused(exact):
    with pytest.raises(InvalidInput, match="exact"):
        next(dwlab.stream([], exact=exact))


def failing(model, monkeypatch, error, when):
    """Let the denoiser raise `error` for forwards of which `when(sample)` is true; gives the rows of each try."""
    forward, tried = type(model.pipeline.unet).forward, []

    def broken(self, sample, *args, **kwargs):
        tried.append(len(sample))
        if when(sample):
            raise error
        return forward(self, sample, *args, **kwargs)

    broken.__signature__ = calls.signature(type(model.pipeline.unet), "__call__")
    monkeypatch.setattr(type(model.pipeline.unet), "forward", broken)
    return tried


NO_MEMORY = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


def test_out_of_memory_halves_the_pack_and_loses_nothing(load, monkeypatch):
    model = load("sd")
    asked = cells(model, "sd", seeds=range(2))
    expected = made(model, asked)
    tried = failing(model, monkeypatch, NO_MEMORY, lambda sample: len(sample) > 5)
    pictures = made(model, asked)
    assert max(difference(a.image, b.image) for a, b in zip(pictures, expected, strict=True)) <= 1
    assert sum(rows > 5 for rows in tried) < 8  # it learned


def test_a_decoder_out_of_memory_takes_fewer_pictures_and_leaves_the_denoiser_its_rows(
    load, monkeypatch
):
    model = load("sd")
    asked = cells(model, "sd", seeds=range(8))
    forward, tried = type(model.pipeline.vae.decoder).forward, []

    def broken(self, sample, *args, **kwargs):
        tried.append(len(sample))
        if len(sample) > 2:
            raise NO_MEMORY
        return forward(self, sample, *args, **kwargs)

    monkeypatch.setattr(type(model.pipeline.vae.decoder), "forward", broken)
    with Rows(model.pipeline.unet) as rows:
        made(model, asked)
    assert tried.count(4) == 1 and max(tried[tried.index(4) + 1 :]) == 2, "it learned"
    size = Size(32, 128, decode=4)
    size.halve(4, decodes=True)
    assert (size.rows, size.decode) == (32, 2)
    assert max(rows) >= 16


def test_a_picture_that_fails_in_a_float32_decoder_leaves_the_next_ones_theirs(load, monkeypatch):
    model = load("sdxl", "float16")
    asked = cells(model, "sdxl", schedulers=[("Euler", {})], steps=(2,))[:1]
    with monkeypatch.context() as patch:
        patch.setattr(type(model.pipeline.vae.decoder), "forward", lambda *_: 1 / 0)
        assert [e.kind for e in dwlab.stream(asked, model=model)][-1] == "failed"
    assert model.pipeline.vae.dtype == torch.float16
    made(model, asked)


def test_threads_call_a_tokenizer_in_turns(load):
    words = load("sd").pipeline.tokenizer
    wrong, asked = [], {"max_length": 20, "do_not_pad": 12}

    def call(padding):
        for _ in range(300):
            found = words("a red circle", padding=padding, max_length=20, truncation=True).input_ids
            wrong.extend([found] if len(found) != asked[padding] else [])

    assert len(words("a red circle").input_ids) == asked["do_not_pad"]
    threads = [
        threading.Thread(target=call, args=(padding,)) for padding in asked for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_cell_too_large_for_memory_is_oom_and_the_others_come_out(load, monkeypatch):
    model = load("sd")
    large = [
        c.replace(width=64, height=64) for c in cells(model, "sd", steps=(2,), prompts=PROMPTS[:1])
    ]
    failing(model, monkeypatch, NO_MEMORY, lambda sample: sample.shape[-1] == 32)
    ended = {
        e.index: e
        for e in dwlab.stream(large + cells(model, "sd"), model=model)
        if e.kind in ("done", "failed")
    }
    statuses = [getattr(ended[k], "status", "ok") for k in range(len(ended))]
    assert statuses == ["oom"] * 2 + ["ok"] * 8
    assert "out of memory" in ended[0].error


def test_in_exact_mode_running_out_of_memory_never_changes_the_bucket(load, monkeypatch):
    model = load("sd")
    tried = failing(model, monkeypatch, NO_MEMORY, lambda _: len(tried) in (3, 4))
    asked = cells(model, "sd", seeds=range(3), steps=(3,), guidances=(4.0,))
    ended = [e for e in dwlab.stream(asked, model=model, exact=8) if e.kind in ("done", "failed")]
    assert len(ended) == len(asked) and {e.kind for e in ended} == {"done"}, (
        "each was tried again alone"
    )
    assert set(tried) == {8}


def test_an_error_in_a_merged_call_is_that_of_the_cell_at_fault_alone(load, monkeypatch):
    model = load("sd")
    asked = cells(model, "sd", seeds=range(4), steps=(3,))
    mark = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    failing(
        model,
        monkeypatch,
        ValueError("bad row"),
        lambda sample: any(torch.equal(row, mark[0]) for row in sample),
    )
    ended = {e.index: e for e in dwlab.stream(asked, model=model) if e.kind in ("done", "failed")}
    assert {k for k, e in ended.items() if e.kind == "failed"} == {
        k for k, c in enumerate(asked) if c.seed == 2
    }
    assert {e.error for e in ended.values() if e.kind == "failed"} == {"ValueError: bad row"}


class Flaky(Exception):
    pass


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.timeout(180)
def test_faults_at_random_never_keep_the_others_from_ending(load, seed):
    """Cells that raise before, between and after calls, that end early, whose own part of a merged call raises."""
    dice, unet = random.Random(seed), load("sd").pipeline.unet
    ended, raised, text = [], [], torch.zeros(1, 7, 32)

    def noise(sample, *_args, **_kwargs):
        if torch.any(sample > 900):
            raise Flaky
        return (sample,)

    twin = stand_ins.stand_in(
        unet, "__call__", stand_ins.waiting(stand_ins.stand_in(unet, "__call__", noise), "__call__")
    )

    def job(number):
        fate, last = dice.choice(["good", "good", "raises", "leaves", "poisons"]), dice.randrange(6)
        try:
            for step in range(last):
                if fate == "raises" and step == last // 2:
                    raise Flaky  # noqa: TRY301
                if fate == "leaves" and step == last // 2:
                    return
                value = 999.0 if fate == "poisons" and step == last - 1 else float(number)
                sample = torch.full((dice.choice([1, 2]), 4, 8, 8), value)
                assert torch.equal(
                    twin(
                        sample,
                        torch.tensor(3),
                        encoder_hidden_states=text.expand(len(sample), 7, 32),
                    )[0],
                    sample,
                )
        except Flaky:
            raised.append(number)
        finally:
            ended.append(number)

    size = Size(dice.choice([1, 2, 5, 16]), 64, settled=dice.random() < 0.5)
    run_jobs(Pack("cpu", size), job, 100)
    assert sorted(ended) == list(range(100))
    assert 0 < len(raised) < 100


def test_what_stops_one_ends_all_where_they_stand(load):
    unet, begun, ended = load("sd").pipeline.unet, [], []
    twin = stand_ins.stand_in(unet, "__call__", stand_ins.waiting(unet, "__call__"))

    def job(number):
        begun.append(number)
        try:
            for _ in range(3):
                twin(
                    torch.zeros(1, 4, 8, 8),
                    torch.tensor(3),
                    encoder_hidden_states=torch.zeros(1, 7, 32),
                )
                if number == 4:
                    raise Cancelled
        finally:
            ended.append(number)

    with pytest.raises(Cancelled):
        run_jobs(Pack("cpu", Size(8, 8)), job, 20)
    assert begun == list(range(8)) and sorted(ended) == begun


def test_closing_ends_every_cell_within_a_forward(load):
    model = load("sd")
    asked = [c.replace(steps=500) for c in cells(model, "sd", seeds=range(8))]
    events = dwlab.stream(asked, model=model)
    next(e for e in events if e.kind == "step" and e.step == 2)
    with Rows(model.pipeline.unet) as rows:
        events.close()
    assert not [t for t in threading.enumerate() if t.name == "dwlab-render"]
    assert len(rows) < 300  # the queue of events held some steps; not all


def test_pictures_that_end_together_are_decoded_together(load):
    model = load("sd")
    asked = cells(model, "sd", seeds=range(8))[:8]
    with Rows(model.pipeline.vae.decoder) as rows:
        made(model, asked)
    assert sum(rows) == 8 and max(rows) > 1


@pytest.mark.parametrize("pack", [None, 1])
def test_a_picture_that_is_dropped_ends_within_a_step_and_the_others_go_on(load, in_step, pack):
    model, said = load("sd"), []

    def dropped(index):
        return index == 0 or (
            index == 2 and len([kind for n, kind, _ in said if (n, kind) == (2, "step")]) >= 3
        )

    # those that are left are long, the others outlive them
    asked = [
        c.replace(steps=12 if k % 2 else 40)
        for k, c in enumerate(cells(model, "sd", seeds=range(4))[:4])
    ]
    for event in dwlab.stream(asked, model=model, pack=pack, dropped=dropped):
        said.append((event.index, event.kind, getattr(event, "step", 0)))  # noqa: PERF401  # `dropped` looks at it meanwhile
    assert not [one for one in said if one[0] == 0]
    assert 3 <= max(step for index, kind, step in said if index == 2 and kind == "step") < 40
    assert sorted(index for index, kind, _ in said if kind in ("done", "failed")) == [1, 3]


def test_only_so_many_cells_are_under_way_and_the_longest_begin_first(load):
    model, under_way, most, order = load("sd"), set(), 0, []
    asked = cells(model, "sd", seeds=range(6), steps=(2, 5, 3))
    for event in dwlab.stream(asked, model=model, pack=3):
        if event.kind == "started":
            under_way.add(event.index)
            order.append(event.params.steps)
        elif event.kind == "done":
            under_way.discard(event.index)
        most = max(most, len(under_way))
    assert most <= 2 * 3 + 2
    assert order == sorted(order, reverse=True)


def test_a_picture_that_is_finished_comes_out_while_the_others_go_on(load):
    model = load("sd")
    asked = cells(model, "sd", prompts=PROMPTS[:1], steps=(1, 50), guidances=(4.0,))
    kinds = [(e.kind, e.index) for e in dwlab.stream(asked, model=model) if e.kind != "started"]
    assert kinds.index(("done", 0)) < 5


def test_text_is_encoded_once_a_prompt(load):
    model = load("sdxl")
    asked = cells(model, "sdxl", seeds=range(3), schedulers=[("Euler", {})])
    with Rows(model.pipeline.text_encoder) as rows:
        made(model, asked)
    assert len(rows) == 2  # two prompts; of the missing negative one SDXL makes zeros


def test_the_first_step_of_cells_that_differ_in_guidance_alone_is_computed_once(load):
    model = load("sd")
    asked = cells(model, "sd", prompts=PROMPTS[:1], steps=(3,), guidances=(2.0, 3.0, 5.0, 7.5))
    with Rows(model.pipeline.unet) as rows:
        pictures = made(model, asked)
    assert rows == [2, 8, 8]
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 1
    assert len({p.image.tobytes() for p in pictures}) == 4


def test_a_first_step_is_computed_once_also_if_its_cells_begin_one_after_the_other(load):
    model = load("sd")
    guidances = (2.0, 3.0, 5.0, 7.5)
    asked = cells(model, "sd", prompts=PROMPTS[:1], steps=(3,), guidances=guidances)
    with Rows(model.pipeline.unet) as rows:
        pictures = made(model, asked, pack=1 + 1)
    assert sum(rows) == 2 + 4 * 2 * 2
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 1


def test_in_exact_mode_too_a_first_step_is_computed_once_and_no_byte_is_another(load):
    model = load("sd")
    asked = cells(model, "sd", prompts=PROMPTS[:1], steps=(3,), guidances=(2.0, 3.0, 5.0, 7.5))
    with Rows(model.pipeline.unet) as rows:
        together = made(model, asked, exact=2)
    assert rows == [2] * (1 + 4 * 2)
    assert [p.png() for p in together] == [made(model, [p], exact=2)[0].png() for p in asked]


def test_compiled_models_see_few_numbers_of_rows(load, monkeypatch):
    model = as_if_loaded_so(load("sd"))
    monkeypatch.setitem(
        vars(model.pipeline.unet), "forward", model.pipeline.unet.forward
    )  # as compiling in place does
    asked = cells(model, "sd", seeds=range(3), steps=(2, 3, 4))
    with Rows(model.pipeline.unet) as rows:
        pictures = made(model, asked, pack=5)
    assert 10 in rows and set(rows) <= {1, 2, 8, 10}
    monkeypatch.undo()
    assert max(difference(p.image, lone(model, p.params)) for p in pictures[::9]) <= 1


def test_a_model_compiled_in_one_thread_sees_all_its_shapes_compiled_in_another():
    denoiser = torch.nn.Linear(4, 4)
    pipeline = SimpleNamespace(unet=denoiser, vae=None, to=lambda device: None)
    apply(pipeline, Settings(compile="default"), "cpu")

    def compute():
        with (
            torch.inference_mode(),
            torch._dynamo.config.patch(fail_on_recompile_limit_hit=True),
        ):  # raises at the limit
            for rows in range(2, 14):
                denoiser(torch.zeros(rows, 4))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(compute).result()


def test_a_decoder_that_is_moved_to_float32_and_back_is_not_disturbed(load):
    """SDXL in float16: with several at once, the one would take away the other's dtype."""
    model = load("sdxl", "float16")
    assert model.pipeline.vae.config.force_upcast
    pictures = made(
        model,
        cells(
            model,
            "sdxl",
            schedulers=[("Euler", {})],
            prompts=PROMPTS[:1],
            seeds=range(3),
            steps=(2,),
        ),
    )
    assert model.pipeline.vae.dtype == torch.float16
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 8


def test_apple_s_gpu_is_not_packed(load):
    assert "mps" in refusal(load("sd").pipeline, "mps")
    assert refusal(load("sd").pipeline, "cpu") is None


@pytest.mark.parametrize("why", ["family", "offload", "hooks", "cache"])
def test_what_cannot_be_packed_runs_one_by_one_and_says_so(load, monkeypatch, caplog, why):
    model = as_if_loaded_so(load("sd"))
    if why == "family":
        monkeypatch.setattr(families, "packed", lambda _pipeline: None)
    elif why == "offload":
        monkeypatch.setitem(vars(model.pipeline.text_encoder), "_hf_hook", object())
    elif why == "hooks":
        registry = HookRegistry(
            model.pipeline.unet.conv_in
        )  # of which stock Flux makes empty ones by itself
        registry.hooks["of the test"] = ModelHook()
        monkeypatch.setitem(vars(model.pipeline.unet.conv_in), "_diffusers_hook", registry)
    else:
        monkeypatch.setattr(type(model.pipeline.unet), "is_cache_enabled", True, raising=False)
    asked = cells(model, "sd", steps=(2,))
    with caplog.at_level(logging.WARNING), Rows(model.pipeline.unet) as rows:
        pictures = made(model, asked)
    assert max(rows) == 2
    assert "one picture at a time" in caplog.text
    assert difference(pictures[1].image, lone(model, pictures[1].params)) == 0
    failed = [e for e in dwlab.stream(asked, model=model, exact=8) if e.kind == "failed"]
    assert len(failed) == len(asked) and "exact" in failed[0].error


def test_in_half_precision_company_matters_no_more_than_in_a_stock_call_of_two(load):
    model = load("sd", "bfloat16")
    asked = cells(model, "sd", seeds=range(6), steps=(4,), guidances=(4.0,), prompts=PROMPTS[:1])
    alone = [np.asarray(lone(model, params), int) for params in asked]
    packed = [np.asarray(picture.image, int) for picture in made(model, asked)]
    pairs = []
    for k in range(0, 6, 2):
        pipeline = copy.copy(model.pipeline)
        pipeline.scheduler = loading.scheduler_for(model, asked[k])
        arguments = call.stock_arguments(pipeline, asked[k : k + 2]) | {"output_type": "pil"}
        pairs += [np.asarray(image, int) for image in pipeline(**arguments).images]

    def off(pictures):
        return np.mean([np.abs(a - b).mean() for a, b in zip(pictures, alone, strict=True)])

    assert off(packed) <= 1.5 * off(pairs) + 0.1


def test_arguments_of_the_call_are_each_cell_s_own(load):
    model = load("sd")
    one = cells(model, "sd", prompts=PROMPTS[:1], steps=(3,), guidances=(4.0,))[0]
    asked = [one, one.replace(call={"guidance_rescale": 0.7})]
    pictures = made(model, asked)
    assert max(difference(p.image, lone(model, p.params)) for p in pictures) <= 1
    assert difference(pictures[0].image, pictures[1].image) > 1


def test_only_so_many_bytes_of_text_are_remembered():
    asked = []
    module = torch.nn.Linear(2, 1000)
    module.register_forward_hook(lambda *_: asked.append(1))
    memo = Memo(module, size=10_000)  # two answers of 4,000 bytes
    for value in (1.0, 1.0, 2.0, 1.0, 3.0, 2.0):
        memo.ask(torch.full((1, 2), value))
    assert len(asked) == 4


def test_the_size_of_a_pack_grows_while_it_pays():
    size = Size(4, 64)
    for _ in range(100):
        size.measured(size.rows, size.rows * max(1.0, 16 / size.rows))  # a row costs less up to 16
    assert (size.rows, size.settled) == (16, True)
    size = Size(4, 16)
    for _ in range(100):
        size.measured(size.rows, 1.0)
    assert (size.rows, size.settled) == (16, True)
    size.halve(16)
    size.halve(16)  # of two that were tried at the same size
    assert size.rows == 8
    size = Size.of(64 * 64, "cpu", pack=3)
    assert (size.rows, size.settled) == (6, True)
    assert Size.of(64 * 64, "cpu").rows > Size.of(512 * 512, "cpu").rows == 2
    assert Size.of(64 * 64, "cpu", compiled="torch").settled
    size = Size(4, 64)
    for _ in range(100):
        size.measured(2, 100.0)  # forwards that are not full tell nothing
    assert (size.rows, size.settled) == (4, False)


def test_a_recipe_of_exact_mode_says_so_and_one_of_close_mode_does_not(load):
    model = load("sd")
    (params,) = cells(model, "sd", prompts=PROMPTS[:1], steps=(2,), guidances=(4.0,))
    recipes = []
    for options in ({}, {"exact": 8}):
        (picture,) = made(model, [params], **options)
        import io

        from PIL import Image

        recipes.append(json.loads(Image.open(io.BytesIO(picture.png())).info["dwlab"]))
    assert "mode" not in recipes[0]
    assert recipes[1]["mode"] == "exact:8"
    assert recipes[0]["key"] != recipes[1]["key"]
