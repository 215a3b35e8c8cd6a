"""Benchmarks in words and numbers: the timer, configurations, files and what may be compared."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dwlab.bench import parity, record, tune
from dwlab.bench.charts import charts
from dwlab.bench.compare import compare, ratio
from dwlab.bench.spec import BenchSpec, Configuration
from dwlab.bench.system import without_paths
from dwlab.bench.timing import measure, summary
from dwlab.errors import InvalidInput


@dataclass
class QueueDevice:
    """A device that takes work at once and does it later, under a clock that only moves when something happens."""

    launch: float  # seconds that giving it work takes
    now: float = 0.0
    free_at: float = 0.0
    given: list[int] = field(default_factory=list)

    def enqueue(self, k: int, cost: float) -> None:
        self.given.append(k)
        self.now += self.launch
        self.free_at = max(self.free_at, self.now) + cost

    def synchronise(self) -> None:
        self.now = max(self.now, self.free_at)

    def clock(self) -> float:
        return self.now


def naive(work, *, clock, iterations):
    samples = []
    for k in range(iterations):
        begun = clock()
        work(k)
        samples.append(clock() - begun)
    return samples


def exact(samples, launch, cost):
    return samples == pytest.approx([launch + cost] * len(samples))


def test_the_timer_is_exact_on_a_device_that_works_later_and_a_naive_one_is_not():
    device = QueueDevice(launch=0.25)
    samples = measure(
        lambda k: device.enqueue(k, 2.0),
        clock=device.clock,
        synchronise=device.synchronise,
        warmup=2,
        iterations=4,
        seconds=0,
    )
    assert exact(samples, 0.25, 2.0) and device.given == [0, 1, 2, 3, 4, 5]
    other = QueueDevice(launch=0.25)
    assert not exact(
        naive(lambda k: other.enqueue(k, 2.0), clock=other.clock, iterations=4), 0.25, 2.0
    )


def test_the_timer_leaves_out_what_was_queued_before():
    device = QueueDevice(launch=0.0)
    device.enqueue(-1, 100.0)
    samples = measure(
        lambda k: device.enqueue(k, 1.0),
        clock=device.clock,
        synchronise=device.synchronise,
        warmup=0,
        iterations=1,
        seconds=0,
    )
    assert exact(samples, 0.0, 1.0)


@pytest.mark.parametrize(
    ("iterations", "seconds", "expected"), [(3, 0.0, 3), (3, 10.0, 5), (8, 10.0, 8)]
)
def test_there_are_enough_samples_and_enough_seconds(iterations, seconds, expected):
    device = QueueDevice(launch=0.0)
    samples = measure(
        lambda k: device.enqueue(k, 2.0),
        clock=device.clock,
        synchronise=device.synchronise,
        iterations=iterations,
        seconds=seconds,
    )
    assert len(samples) == expected


def test_a_summary_keeps_samples_and_rounds():
    found = summary([[1.0, 3.0], [2.0, 10.0, 4.0]])
    assert found["samples_s"] == [1.0, 3.0, 2.0, 10.0, 4.0] and found["rounds"] == [2, 3]
    assert (found["median_s"], found["mad_s"], found["p90_s"]) == (3.0, 1.0, None)
    assert summary([[float(n) for n in range(11)]])["p90_s"] == pytest.approx(
        np.percentile(range(11), 90)
    )


# -- words ---------------------------------------------------------------------------------------


def test_axes_make_configurations_and_devices_come_from_the_machine():
    spec = BenchSpec(
        "b",
        base={"size": 64},
        axes={"dtype": ["float32", "bfloat16"], "batch": [1, 2], "compile": [False]},
    )
    found = spec.configurations(["cpu", "mps"])
    assert [(c.device, c.params.dtype, c.batch) for c in found][:3] == [
        ("cpu", "float32", 1), ("cpu", "float32", 2), ("cpu", "bfloat16", 1)
    ]  # fmt: skip
    assert len(found) == 8 and found[0].params.width == found[0].params.height == 64
    assert found[0].settings.compile == "none" and len({c.id for c in found}) == 8
    assert Configuration.of(json.loads(json.dumps(found[5].as_dict()))) == found[5]


def test_skip_zip_and_vary():
    spec = BenchSpec(
        "b",
        axes={
            "device": ["cpu"],
            "dtype": ["float32", "bfloat16"],
            "batch": [1, 2],
            "steps": [2, 4],
        },
        zip=[["batch", "steps"]],
        skip=[{"dtype": "bfloat16", "batch": 2}],
    )
    assert [(c.params.dtype, c.batch, c.params.steps) for c in spec.configurations([])] == [
        ("float32", 1, 2), ("float32", 2, 4), ("bfloat16", 1, 2)
    ]  # fmt: skip
    assert {c.params.dtype for c in spec.vary(dtype=["float16"]).configurations([])} == {"float16"}
    assert spec.vary(dtype=None) == spec


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"axes": {"batch": [0]}}, "batch"),
        ({"axes": {"batch": [True]}}, "batch"),
        ({"axes": {"warp": [9]}}, "axes.warp"),
        ({"base": {"attention": "fast"}}, "attention"),
        ({"base": {"threads": 0}}, "threads"),
        ({"base": {"channels_last": "yes"}}, "channels_last"),
        ({"base": {"size": 64, "width": 64}}, "size"),
        ({"base": {"steps": 0}}, "steps"),
        ({"rounds": 0}, "rounds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"timeout": -1}, "timeout"),
        ({"parity": "fid"}, "parity"),
        ({"axes": {"seed": {"random": 3}}}, "axes.seed"),
        ({"base": ["steps"]}, "base"),
        ({"axes": {"batch": {"range": [1, 1000]}}}, "axes"),
        ({"axes": {"batch": [1]}, "skip": [{"batch": 1}]}, "skip"),
        ({"base": {"device": 7}}, "device"),
    ],
)
def test_bad_words_name_the_key(values, field):
    with pytest.raises(InvalidInput) as caught:
        BenchSpec("b", **values).configurations(["cpu"])
    assert caught.value.field == field


def test_a_file_may_hold_known_keys_only(tmp_path):
    path = tmp_path / "bench-x.yaml"
    path.write_text("rounds: 2\nbase: {steps: 3}\n")
    assert (BenchSpec.from_yaml(path).name, BenchSpec.from_yaml(path).rounds) == ("bench-x", 2)
    path.write_text("runds: 2\n")
    with pytest.raises(InvalidInput, match="runds"):
        BenchSpec.from_yaml(path)


# -- files and comparison ------------------------------------------------------------------------


def phase(*rounds):
    return summary([list(one) for one in rounds])


def row(
    seconds=1.0, *, device="cpu", dtype="float32", batch=1, status="ok", distance=0.0, **workload
):
    asked = {
        "model": "shapes",
        "width": 128,
        "height": 128,
        "steps": 20,
        "batch": batch,
        "prompt": "p",
        **workload,
    }
    settings = {
        "attention": "auto",
        "compile": "none",
        "channels_last": False,
        "slicing": "none",
        "offload": "none",
    }
    return {
        "id": f"{device}{dtype}{batch}{seconds}", "status": status, "error": None, "workload": asked, "device": device,
        "dtype": dtype, "settings": {**settings, "threads": 2}, "images_per_s": batch / seconds,
        "phases": {
            "end_to_end": phase([seconds, seconds * 1.02], [seconds * 0.98]), "prompt": phase([0.1]),
            "step": phase([0.04 * seconds] * 3), "decode": phase([0.1]),
        },
        "parity": {"ok": status == "ok", "denoiser": distance},
    }  # fmt: skip


def document(*rows, torch="2.13.0", device="cpu", name="A CPU"):
    system = {"cpu": "A CPU", "versions": {"torch": torch}, "devices": {device: {"name": name}}}
    return {"schema": 1, "system": system, "rows": list(rows)}


def save(folder, stem, *rows, **more):
    return record.save(folder / f"{stem}.json", document(*rows, **more))


def test_files_are_checked_against_the_schema(tmp_path):
    path = save(tmp_path, "a", row())
    assert record.load(path)["rows"][0]["images_per_s"] == 1.0


def _without_phases(found):
    del found["rows"][0]["phases"]


def _negative(found):
    found["rows"][0]["phases"]["end_to_end"]["samples_s"] = [-1.0]


def _unknown_status(found):
    found["rows"][0]["status"] = "fine"


def _newer(found):
    found["schema"] = 2


def _no_rows(found):
    found["rows"] = []


@pytest.mark.parametrize("spoil", [_without_phases, _negative, _unknown_status, _newer, _no_rows])
def test_a_spoiled_file_is_refused(tmp_path, spoil):
    found = copy.deepcopy(document(row()))
    record.check(found, "a.json")
    spoil(found)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(found))
    with pytest.raises(InvalidInput, match=r"a\.json"):
        record.load(path)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff", b'{"schema": 1, "rows": NaN}', b"[" * 100_000, None]
)
def test_what_is_no_benchmark_is_refused(tmp_path, data):
    path = tmp_path / "b.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InvalidInput):
        record.load(path)


def test_ratios_are_between_rows_of_one_workload(tmp_path):
    a = save(tmp_path, "a", row(2.0), row(1.0, dtype="bfloat16"))
    b = save(
        tmp_path, "b", row(0.5, device="cuda:0"), device="cuda:0", name="A GPU", torch="2.14.0"
    )
    found = compare([a, b]).table.set_index("what")
    assert found["speed"].to_dict() == pytest.approx(
        {"cpu, float32": 1.0, "cpu, bfloat16": 2.0, "cuda:0, float32": 4.0}
    )
    assert found.loc["cuda:0, float32", "note"] == "*" and pd.isna(
        found.loc["cpu, bfloat16", "note"]
    )
    assert (
        found.loc["cpu, float32", "role"] == "common"
        and found.loc["cpu, bfloat16", "role"] == "best"
    )
    low, high = found.loc["cpu, bfloat16", ["low", "high"]]
    assert low < 2.0 < high


def test_another_workload_gets_no_ratio(tmp_path):
    a = save(tmp_path, "a", row(2.0), row(1.0, dtype="bfloat16", prompt="other"))
    found = compare([a]).table.iloc[1]
    assert found["speed"] is None or np.isnan(found["speed"])
    assert found["note"] == "not comparable: another prompt"


def test_it_is_said_which_files_share_a_workload_and_which_stand_alone(tmp_path):
    files = [
        save(tmp_path, "a", row()),
        save(tmp_path, "b", row(steps=4)),
        save(tmp_path, "c", row(), row(steps=8)),
    ]
    lined_up = compare(files)
    assert lined_up.notes[:2] == (
        "a and c share 1 workload",
        "b shares no workload with the other files",
    )
    assert len(lined_up.table) == 4
    assert not any("share" in note.split(";")[0] for note in compare(files[:1]).notes)


def test_a_row_that_failed_stands_in_the_table_without_a_ratio(tmp_path):
    gone = {**row(dtype="float16"), "status": "oom", "error": "no memory"}
    del gone["phases"], gone["images_per_s"], gone["parity"]
    path = save(
        tmp_path, "a", row(2.0), gone, row(0.1, dtype="bfloat16", status="invalid", distance=0.9)
    )
    found = compare([path])
    rows = found.table.set_index("dtype")
    assert rows.loc["float16", "note"] == "no memory" and "too far" in rows.loc["bfloat16", "note"]
    assert rows["speed"].notna().sum() == 1 and found.failed == 2
    assert "oom" in found.text() and "no memory" in found.text()


def test_steps_scale_by_the_phases(tmp_path):
    path = save(tmp_path, "a", row(2.0))
    assert compare([path], steps=50).table.iloc[0]["scaled"] == pytest.approx(0.1 + 50 * 0.08 + 0.1)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    random, hits = np.random.default_rng(5), 0
    for _ in range(24):
        rounds = [
            [list(random.normal(m, 0.05, 8).clip(0.1)) for m in random.normal(mean, 0.02, 6)]
            for mean in (2.0, 1.0)
        ]
        low, middle, high = ratio(*(summary(one) for one in rounds))
        assert low <= middle <= high
        hits += low <= 2.0 <= high
    assert hits >= 17  # 95% would be 23; six rounds are few, and the bootstrap is a little narrow


def test_distances():
    a = np.array([[3.0, 4.0]], np.float32)
    assert parity.distance(a * 1.1, a) == pytest.approx(0.1, rel=1e-4)
    assert parity.psnr(np.full((2, 2), 0.5), np.full((2, 2), 0.4)) == pytest.approx(20.0)
    assert parity.psnr(a, a) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no file /home/ann/models/x.bin here", "no file x.bin here"),
        ("C:\\Users\\ann\\models\\x.bin", "x.bin"),
        ("2/3 of it", "2/3 of it"),
        ("file:/home/ann/x: gone", "file:x: gone"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
    ],
)
def test_paths_are_left_out_of_messages(text, shown):
    assert without_paths(text) == shown


@pytest.mark.parametrize("dark", [False, True])
def test_charts_are_drawn_of_whatever_there_is(tmp_path, dark):
    gone = {**row(dtype="float16"), "status": "oom", "error": "no memory"}
    for name in ("phases", "images_per_s", "parity"):
        del gone[name]
    few = compare([save(tmp_path, "few", gone)]).table
    many = compare(
        [
            save(
                tmp_path,
                "many",
                row(2.0),
                row(3.0, batch=4),
                gone,
                row(1.0, dtype="bfloat16", distance=1e-3),
            )
        ]
    ).table
    assert set(charts(few, dark=dark)) == {"speed", "phases", "parity"}
    drawn = charts(many, dark=dark)
    assert set(drawn) == {"speed", "phases", "parity", "batch"}
    bars = [text.get_text().strip() for text in drawn["speed"].axes[0].texts]
    assert bars == ["0.5", "oom", "1", "1.33"]
    sizes = {drawn[name].png()[:4] for name in drawn}
    assert sizes == {b"\x89PNG"}


@pytest.mark.parametrize("quick", [True, False])
def test_tuning_tries_all_that_matters_on_a_device(quick):
    start = BenchSpec("b", base={"device": "cpu", "dtype": "float32"}).configurations([])[0]
    stages = dict(tune._stages("cpu", quick=quick))
    assert list(stages) == [
        "dtype and memory layout",
        "attention",
        "threads",
        "batch",
        *([] if quick else ["compile"]),
    ]
    tried = [one for choose in stages.values() for one in choose(start)]
    assert {one.params.dtype for one in tried} == {"float32", "bfloat16"} and {
        one.batch for one in tried
    } == {
        1,
        2,
        4,
        8,
        16,
        32,
    }
    assert {one.settings.attention for one in tried} == {"auto", "math", "flash"}
    gpu = [one for _, choose in tune._stages("cuda:0", quick=False) for one in choose(start)]
    assert {one.settings.compile for one in gpu} == {"none", "default", "reduce-overhead"}
    assert "float16" in {one.params.dtype for one in gpu} and "cudnn" in {
        one.settings.attention for one in gpu
    }


def test_a_gain_needs_parity():
    slow, fast = row(2.0), row(1.0, batch=2)
    assert tune._gain(slow, fast)[1] == pytest.approx(4.0)
    assert (
        tune._gain(slow, {**fast, "parity": None})
        == tune._gain(slow, {**fast, "status": "invalid"})
        == (0.0, 0.0, 0.0)
    )


REFERENCE = sorted((Path(__file__).parents[2] / "results" / "reference").glob("*.json"))


def test_there_are_reference_rows():
    assert any(row["status"] == "ok" for path in REFERENCE for row in record.load(path)["rows"])


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_reference_rows_are_of_known_code_and_name_no_machine(path):
    found = record.load(path)
    assert found["system"]["git"]["dirty"] is False and "host" not in found["system"]
    assert not re.search(r"/(home|Users|root|tmp)/", path.read_text())
