"""Files that other tools name by short hashes: found, taken out of the prompt, or named as missing."""

from __future__ import annotations

from types import SimpleNamespace

from PIL import Image

from dwlab.pictures import foreign_files, recipes
from dwlab.pictures.foreign_settings import Group, verdicts
from dwlab.pictures.png import encode
from dwlab.spec.loras import Lora
from dwlab.spec.params import GenerationParams

INK = "aa" * 32
WORD = "bb" * 32
SOFT = "cc" * 32
HERE = {"0123456789ab": INK, "fedcba9876": WORD, "735e4c3a44": SOFT}
PAIRS = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512"


def read(prompt, more):
    recipe = recipes.parse(f"{prompt}\n{PAIRS}, {more}, Version: v1.10.1")
    foreign_files.find(recipe, lambda short: HERE.get(short, ""))
    return recipe


def test_a_lora_that_is_here_leaves_the_prompt_and_is_in_the_stack():
    recipe = read("a <lora:ink:0.8> fox", 'Lora hashes: "ink: 0123456789AB"')
    assert recipe.values["prompt"] == "a  fox"
    assert recipe.values["loras"] == [{"name": "ink", "sha256": INK, "weight": 0.8}]
    assert not [text for text in recipe.left_out if "Lora" in text]
    params, _ = recipe.fit("shapes")
    assert params.loras[0].sha256 == INK
    groups = {verdict.setting: verdict.group for verdict in verdicts(recipe)}
    assert groups["loras: ink 0.8"] is Group.SAME


def test_a_lora_that_is_not_here_stays_in_the_prompt_and_is_named():
    recipe = read(
        "a fox <lora:oil:1>, <lora:ink>", 'Lora hashes: "oil: 999999999999, ink: 0123456789ab"'
    )
    assert recipe.values["prompt"] == "a fox <lora:oil:1>,"
    assert [lora["weight"] for lora in recipe.values["loras"]] == [1.0]
    (text,) = [text for text in recipe.left_out if text.startswith("Lora hashes")]
    assert "oil: 999999999999" in text and "no file with this hash" in text
    shown = {verdict.setting: verdict for verdict in verdicts(recipe)}
    assert shown[text].group is Group.SWITCH and "loras:" in shown[text].text


def test_two_weights_of_one_lora_cannot_be_taken():
    recipe = read("a <lora:ink:0.8:0.4>", 'Lora hashes: "ink: 0123456789ab"')
    assert "loras" not in recipe.values
    assert any("its weight is not a number" in text for text in recipe.left_out)
    same = read("a <lora:ink:0.8:0.8>", 'Lora hashes: "ink: 0123456789ab"')
    assert same.values["loras"][0]["weight"] == 0.8


def test_an_embedding_and_a_vae_are_found_by_the_hash_of_the_file():
    recipe = read(
        "a charcoal fox",
        'TI hashes: "charcoal: fedcba9876", VAE hash: 735e4c3a44, VAE: sdxl_vae.safetensors',
    )
    assert recipe.values["embeddings"] == [{"token": "charcoal", "sha256": WORD}]
    assert recipe.values["vae"] == {"weights": SOFT}
    assert not [text for text in recipe.left_out if text.startswith(("VAE", "TI"))]


def test_nonsense_in_place_of_hashes_is_left_out():
    for nonsense in ("", "ink", "ink: xyz", ": 0123456789ab", "a: " * 5_000):
        recipe = read("a fox", f'Lora hashes: "{nonsense}"')
        assert "loras" not in recipe.values


def test_dwlabs_own_text_names_loras_as_other_tools_do():
    params = GenerationParams.of(
        prompt="a fox",
        loras=[
            Lora("ink.safetensors", 0.8, sha256=INK),
            Lora("x.safetensors", 0.5, name='a "b", c: d', sha256=WORD),
            Lora("off.safetensors", 0.0, sha256=SOFT),
        ],
    )
    png = encode(
        Image.new("RGB", (8, 8)),
        params,
        {"key": "k", "weights": "w" * 12, "dtype": "float32"},
        {INK: "0123456789ab" + "0" * 52, WORD: "9" * 64},
    )
    text = SimpleNamespace(**recipes.png_text.texts(png)).parameters
    assert text.startswith("a fox <lora:ink:0.8> <lora:a _b__ c_ d:0.5>\n")
    assert 'Lora hashes: "ink: 0123456789ab, a _b__ c_ d: 999999999999"' in text
    read_back = recipes.parse(text)
    foreign_files.find(read_back, lambda short: HERE.get(short, ""))
    assert read_back.values["loras"] == [{"name": "ink", "sha256": INK, "weight": 0.8}]
