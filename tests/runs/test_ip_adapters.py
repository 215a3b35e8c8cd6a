"""IP-Adapters in a sweep: axes, keys, rows, PNGs and stored pictures; wrong files fail before a model loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tiny
import tiny_ip_adapters
import torch
from safetensors.torch import load_file
from start_pictures import noise_picture

from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput, ModelError
from dwlab.models import fingerprint
from dwlab.models.hub import part_of
from dwlab.pictures import recipes
from dwlab.runs.keep import keep
from dwlab.runs.resolve import identify_all, resolve
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams
from dwlab.store.integrity import verify
from dwlab.store.store import Store


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A folder with two models, an adapter of each kind for the first one, its encoder and pictures."""
    folder = tmp_path_factory.mktemp("bench")
    pipeline = tiny.sd()
    pipeline.save_pretrained(folder / "sd")
    larger = tiny.sdxl()
    larger.save_pretrained(folder / "sdxl")
    tiny_ip_adapters.image_encoder().save_pretrained(folder / "ip/image_encoder")
    for make in (tiny_ip_adapters.plain, tiny_ip_adapters.plus):
        tiny_ip_adapters.write(folder / f"ip/{make.__name__}.safetensors", make(pipeline.unet))
    for_larger = tiny_ip_adapters.plain(larger.unet)
    tiny_ip_adapters.write(folder / "ip/sdxl.safetensors", for_larger)
    for name, seed in (("face", 1), ("style", 2)):
        noise_picture(seed).save(folder / f"{name}.png")
    return folder


def sweep_of(bench, axes=None, model="sd", **adapter):
    adapter = {
        "file": str(bench / "ip/plain.safetensors"),
        "image": str(bench / "face.png"),
    } | adapter
    base = {"prompt": "a star", "steps": 2, "width": 16, "height": 16, "ip_adapter": [adapter]}
    return Sweep("ip", model=str(bench / model), base=base, axes=axes or {})


def test_scale_and_picture_are_axes_and_a_row_is_enough_to_make_its_picture_again(bench, tmp_path):
    pictures = [str(bench / "face.png"), str(bench / "style.png")]
    axes = {"ip_adapter.scale": [0, 0.5], "ip_adapter.image": pictures}
    sweep = sweep_of(bench, axes)
    table = sweep.run(tmp_path, device="cpu")
    # at a scale of 0 both pictures are the one without an adapter, which is made once
    assert list(table["status"]) == ["ok"] * 3 and table["pixels"].nunique() == 3
    assert sweep.plan(tmp_path, device="cpu").todo == 0
    shown = {axis.name: sorted(axis.values) for axis in swept(table)}
    assert shown == {"ip_adapter.scale": [0.0, 0.5], "ip_adapter.image": ["face.png", "style.png"]}
    (adapter,) = json.loads(table["ip_adapter"][2])
    assert adapter["scale"] == 0.5
    # the row's own values are a recipe: it has the same key
    again = Sweep("again", base=json.loads(row_of(tmp_path, table["key"][2])["params"]))
    assert again.plan(tmp_path, device="cpu").todo == 0
    report = verify(tmp_path)
    assert report.good and report.pictures == 3 + 2
    digest = adapter["image"].removeprefix("sha256:")
    (tmp_path / f"inputs/{digest}.png").unlink()
    assert not verify(tmp_path).good


def row_of(results, key):
    with Store(results) as store:
        return next(row for row in store.cells.rows("ip") if row["key"] == key)


def test_a_picture_names_no_path_and_brings_its_adapter_back(bench, tmp_path, monkeypatch):
    # files are remembered at once, not only when their times are settled
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    shutil.copyfile(bench / "ip/plain.safetensors", tmp_path / "plain.safetensors")
    encoder = str(bench / "ip/image_encoder")
    sweep = sweep_of(bench, file=str(tmp_path / "plain.safetensors"), encoder=encoder, scale=0.6)
    table = sweep.run(tmp_path, device="cpu")
    png = (tmp_path / table["image"][0]).read_bytes()
    assert str(bench).encode() not in png and str(tmp_path).encode() not in png
    recipe = recipes.read(png)
    params, left_out = recipe.fit(str(bench / "sd"))
    # that of a model outside the catalog
    assert [text.partition(":")[0] for text in left_out] in ([], ["model"])
    (adapter,) = params.ip_adapter
    assert (adapter.file, adapter.encoder, adapter.scale) == ("", "", 0.6)
    keep([params], experiment="back", results=tmp_path, compute=Compute(device="cpu"))
    assert list(Results(tmp_path).table("back")["key"]) == list(table["key"])


def test_pictures_from_outside_name_no_files(bench):
    named = {"file": "/etc/passwd", "image": f"sha256:{'ab' * 32}"}
    for adapter in (named, {"sha256": "ab" * 32, "image": "/etc/passwd"}, "x", 3):
        assert not recipes.is_safe("ip_adapter", [adapter])
    assert recipes.is_safe("ip_adapter", [named | {"file": "", "sha256": "ab" * 32}]) is False


def test_paths_change_no_key_and_contents_do(bench, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(bench / "ip", copied)
    key = key_of(sweep_of(bench))
    assert key_of(sweep_of(bench, file=str(copied / "plain.safetensors"))) == key
    named = sweep_of(bench, encoder=str(copied / "image_encoder"))
    assert key_of(named) == key
    tiny_ip_adapters.image_encoder(seed=4).save_pretrained(copied / "image_encoder")
    assert key_of(named) != key
    assert key_of(sweep_of(bench, image=str(bench / "style.png"))) != key


def key_of(sweep):
    params = [cell.params for cell in sweep.cells()]
    (cell,) = resolve(params, identify_all(params, Compute(device="cpu")))
    return cell.key


def test_the_weights_of_adapters_and_encoders_are_counted_before_they_load(bench):
    (cell,) = sweep_of(bench).cells()
    compute = Compute(device="cpu")
    fits = [
        identify_all([params], compute)[params.choice].fit
        for params in (cell.params, cell.params.replace(ip_adapter=()))
    ]
    more, plain = (fit.demand.size.weights("float32") for fit in fits)
    files = [bench / "ip/plain.safetensors", *(bench / "ip/image_encoder").glob("*.safetensors")]
    tensors = [tensor for file in files for tensor in load_file(file).values()]
    assert more - plain == sum(t.nbytes for t in tensors if t.is_floating_point())


def changed(bench, tmp_path, **changes):
    """A copy of the adapter with some tensors replaced, or taken out by None."""
    tensors = load_file(bench / "ip/plain.safetensors")
    for name, tensor in changes.items():
        tensors.pop(name.replace("__", "."))
        if tensor is not None:
            tensors[name.replace("__", ".")] = tensor
    shutil.copytree(bench / "ip/image_encoder", tmp_path / "image_encoder")
    return tiny_ip_adapters.write(tmp_path / "adapter.safetensors", tensors)


def refused(bench, tmp_path, **adapter):
    with pytest.raises((InvalidInput, ModelError)) as caught:
        sweep_of(bench, **adapter).plan(tmp_path, device="cpu")
    return str(caught.value)


def test_files_that_are_no_adapters_for_the_model_are_refused_before_it_loads(bench, tmp_path):
    missing = refused(bench, tmp_path, file="nowhere.safetensors")
    assert "ip_adapter[0].file" in missing and "a safetensors file that exists" in missing
    pickle = tmp_path / "adapter.bin"
    pickle.write_bytes(b"x")
    assert "dwlab convert" in refused(bench, tmp_path, file=str(pickle))
    unet = str(next((bench / "sd/unet").glob("*.safetensors")))
    assert "tensors named image_proj.* and ip_adapter.*" in refused(bench, tmp_path, file=unet)
    larger = refused(bench, tmp_path, file=str(bench / "ip/sdxl.safetensors"))
    assert "it was made for another family" in larger
    shorter = changed(bench, tmp_path / "a", ip_adapter__1__to_k_ip__weight=None)
    assert "layers of cross-attention" in refused(bench, tmp_path, file=shorter)
    of_faces = changed(bench, tmp_path / "b", image_proj__proj__weight=None)
    assert "FaceID" in refused(bench, tmp_path, file=of_faces)


def test_encoders_that_do_not_fit_are_refused_before_the_model_loads(bench, tmp_path):
    alone = tmp_path / "alone.safetensors"
    shutil.copyfile(bench / "ip/plain.safetensors", alone)
    assert "no folder image_encoder beside" in refused(bench, tmp_path, file=str(alone))
    other = changed(bench, tmp_path / "a", image_proj__proj__weight=torch.zeros(128, 48))
    assert "vectors have 48 numbers" in refused(bench, tmp_path, file=other)
    text_encoder = refused(bench, tmp_path, encoder=str(bench / "sd/text_encoder"))
    assert "ip_adapter[0].encoder" in text_encoder and "clip_vision_model" in text_encoder
    assert "hf download owner/name" in refused(bench, tmp_path, encoder="owner/name")
    assert "fingerprint" in refused(bench, tmp_path, encoder_weights="ab" * 32)


def test_an_encoder_of_the_hub_that_was_fetched_before_is_taken(bench, hub, cache, tmp_path):
    hub.add("lab/encoders", bench / "ip")
    alone = tmp_path / "alone.safetensors"
    shutil.copyfile(bench / "ip/plain.safetensors", alone)
    named = {"file": str(alone), "encoder": "lab/encoders/image_encoder"}
    assert "hf download lab/encoders --include" in refused(bench, tmp_path, **named)
    part_of("lab/encoders", "image_encoder")
    assert key_of(sweep_of(bench, **named)) == key_of(sweep_of(bench))


def test_families_and_measures_without_adapters_say_so(bench, tmp_path):
    tiny.sd3().save_pretrained(tmp_path / "sd3")
    adapter = sweep_of(bench).base["ip_adapter"]
    base = {"prompt": "a star", "ip_adapter": adapter, "model": str(tmp_path / "sd3")}
    with pytest.raises(InvalidInput, match="these take IP-Adapters: SD 1"):
        Sweep("x", base=base).plan(tmp_path, device="cpu")
    with pytest.raises(InvalidInput, match="attention-slicing"):
        sweep_of(bench).plan(tmp_path, device="cpu", memory="attention-slicing")


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"file": "x.safetensors"}, r"ip_adapter\[0\].image"),
        ({"image": noise_picture(0)}, r"ip_adapter\[0\].file"),
        ({"image": noise_picture(0), "file": "x", "scale": 11}, r"scale.*-10 to 10"),
        ({"image": noise_picture(0), "file": "x", "weight": 1}, r"ip_adapter\[0\].weight"),
        ({"image": [noise_picture(0)] * 17, "file": "x"}, "at most 16"),
        (3, "a map like"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(adapter, message):
    with pytest.raises(InvalidInput, match=message):
        GenerationParams("a star", ip_adapter=[adapter])
    with pytest.raises(InvalidInput, match="at most 4"):
        GenerationParams("a", ip_adapter=[{"file": "x", "image": noise_picture(0)}] * 5)


@pytest.mark.parametrize("encoder", ["x" * 900, "nowhere", "~nobody/x"])
def test_an_encoder_that_is_not_there_is_named(bench, tmp_path, encoder):
    with pytest.raises(InvalidInput, match=r"^ip_adapter\[0\].encoder is .* a folder that exists"):
        sweep_of(bench, encoder=encoder).plan(tmp_path, device="cpu")


def test_the_second_adapter_and_several_pictures_are_axes_too(bench):
    entries = [{"file": "x.safetensors", "image": noise_picture(0)}] * 2
    base = {"prompt": "a star", "ip_adapter": entries}
    pictures = [str(bench / "face.png"), [str(bench / "face.png"), str(bench / "style.png")]]
    axes = {"ip_adapter.1.scale": [0.2, 1.0], "ip_adapter.0.image": pictures}
    cells = Sweep("x", base=base, axes=axes).cells()
    shown = [
        (len(cell.params.ip_adapter[0].image), cell.params.ip_adapter[1].scale) for cell in cells
    ]
    assert shown == [(1, 0.2), (2, 0.2), (1, 1.0), (2, 1.0)]
    folder = Sweep("x", base=base, axes={"ip_adapter.0.image": {"folder": str(bench)}}).cells()
    names = [Path(cell.params.ip_adapter[0].image[0]).name for cell in folder]
    assert names == ["face.png", "style.png"]
