"""A sweep over a LoRA's weight: its table, and pictures made again from a row and from a PNG."""

from __future__ import annotations

import hashlib
import json

import pngs
import pytest
import tiny
import tiny_loras

import dwlab
from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput
from dwlab.models import adapter_files, fingerprint
from dwlab.pictures import foreign_files, png_text, recipes
from dwlab.pictures.png import pixel_hash
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.workflows.why.explanation import explain


@pytest.fixture
def table(tmp_path, monkeypatch):
    # hashes of files that changed a moment ago are not kept
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    tiny.sd().save_pretrained(tmp_path / "model")
    file = tiny_loras.write(tmp_path / "ink.safetensors", tiny_loras.layers(tiny.sd()))
    base = {
        "prompt": "a star",
        "width": 16,
        "height": 16,
        "steps": 2,
        "loras": [{"file": str(file)}],
    }
    axes = {"loras.ink.weight": [0, 0.5, 1]}
    Sweep("ink", str(tmp_path / "model"), base, axes).run(tmp_path / "results", device="cpu")
    return Results(tmp_path / "results").table("ink")


def test_rows_and_pngs_make_their_pictures_again(table, tmp_path):
    assert list(table["status"]) == ["ok"] * 3
    (axis,) = swept(table)
    assert axis.name == "loras.ink.weight"
    assert axis.numbers == [0, 0.5, 1]
    row = table.iloc[1]
    options = {"model": row["model"], "width": 16, "height": 16, "steps": 2}
    again = dwlab.generate("a star", loras=json.loads(row["loras"]), **options)
    assert again.key == row["key"]

    png = (tmp_path / "results" / row["image"]).read_bytes()
    assert str(tmp_path).encode() not in png
    params, _ = recipes.read(png).fit(row["model"])
    assert dwlab.generate("a star", loras=params.loras, **options).key == row["key"]


def test_a_row_whose_file_has_another_content_now_is_not_made_again(table, tmp_path):
    loras = json.loads(table.iloc[1]["loras"])
    tiny_loras.write(tmp_path / "ink.safetensors", tiny_loras.layers(tiny.sd(), seed=1))
    with pytest.raises(InvalidInput, match="with the SHA-256"):
        dwlab.generate("a star", model=table["model"][0], width=16, height=16, loras=loras)


def test_another_tools_picture_finds_its_lora_by_the_hash_of_the_tensors(table, tmp_path):
    file = tmp_path / "ink.safetensors"
    data = file.read_bytes()
    tensors = data[8 + int.from_bytes(data[:8], "little") :]
    short = hashlib.sha256(tensors).hexdigest()[:12]
    png = (tmp_path / "results" / table.iloc[2]["image"]).read_bytes()
    text = png_text.texts(png)["parameters"]
    assert text.startswith("a star <lora:ink:1>\n")
    assert f'Lora hashes: "ink: {short}"' in text

    recipe = recipes.parse(text)
    foreign_files.find(recipe, adapter_files.sha256_of)
    model = table["model"][0]
    params, _ = recipe.fit(model)
    again = dwlab.generate(**{**params.as_dict(), "model": model, "device": "cpu"})
    assert again.params.loras[0].sha256 == hashlib.sha256(data).hexdigest()
    assert pixel_hash(again.image) == table.iloc[2]["pixels"]
    theirs = tmp_path / "theirs.png"
    theirs.write_bytes(pngs.picture(pngs.text("parameters", text)))
    assert "loras: ink 1" in explain(theirs, results=tmp_path / "results")
    unknown = text.replace(short, "0" * 12)
    theirs.write_bytes(pngs.picture(pngs.text("parameters", unknown)))
    explained = explain(theirs, results=tmp_path / "results")
    assert "Lora hashes: ink: 000000000000" in explained and "loras: ink" not in explained
    assert adapter_files.sha256_of(short[:8]) == ""
    file.unlink()
    assert adapter_files.sha256_of(short) == ""
