"""Folders that would run code, load pickles or never end are refused, before anything of them is loaded."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import diffusers
import pytest
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import ModelError
from dwlab.models import loading, size_limits, tokens, trust
from dwlab.models.identity import identify
from dwlab.spec.catalog import SHAPES_FOLDER


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (os.mkdir, (str(self.canary),))


@pytest.fixture
def canary(tmp_path):
    """A folder that is there once a model's code or pickle has run."""
    path = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(path)))
    assert path.exists(), "the payload works"
    path.rmdir()
    return path


def linked_model(parent):
    """A folder of the embedded model: weights are links, configs are copies."""

    def bring(source, target):
        if source.endswith(".safetensors"):
            Path(target).symlink_to(source)
        else:
            shutil.copy(source, target)

    return shutil.copytree(SHAPES_FOLDER, parent / "model", copy_function=bring)


@pytest.fixture
def folder(tmp_path):
    return linked_model(tmp_path)


def edit(path, **changes):
    """Change entries of a JSON file, which is made if need be."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | changes))


def shards(path, *names):
    path.write_text(
        json.dumps(
            {"metadata": {}, "weight_map": {f"tensor {k}": name for k, name in enumerate(names)}}
        )
    )


def pickled(path, canary):
    path.write_bytes(pickle.dumps(Payload(canary)))


def zipped(path, canary):
    """The form of torch.save."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Payload(canary)))
        file.writestr("archive/version", "3\n")


def decoy_for_transformers(folder, canary):
    part = folder / "text_encoder"
    (part / "model.safetensors").rename(part / "decoy.safetensors")
    shards(part / "model.safetensors.index.json", "weights.bin")
    pickled(part / "weights.bin", canary)


def decoy_for_diffusers(folder, canary):
    part = folder / "unet"
    (part / "diffusion_pytorch_model.safetensors").rename(part / "decoy.safetensors")
    shards(part / "diffusion_pytorch_model.safetensors.index.json", "weights.bin")
    zipped(part / "weights.bin", canary)


def decoy_beside_whole_weights(folder, canary):
    part = folder / "vae"
    shards(part / "diffusion_pytorch_model.safetensors.index.json", "weights.bin")
    pickled(part / "weights.bin", canary)


def decoy_of_a_variant(folder, canary):
    part = folder / "unet"
    shards(part / "diffusion_pytorch_model.safetensors.index.fp16.json", "a.safetensors")
    shards(part / "diffusion_pytorch_model.fp16.safetensors.index.json", "weights.pt")
    pickled(part / "weights.pt", canary)


def decoy_at_the_root(folder, canary):
    shutil.rmtree(folder / "text_encoder")
    shutil.copy(SHAPES_FOLDER / "text_encoder" / "config.json", folder)
    (folder / "decoy.safetensors").symlink_to(SHAPES_FOLDER / "text_encoder" / "model.safetensors")
    shards(folder / "model.safetensors.index.json", "pytorch_model.bin")
    pickled(folder / "pytorch_model.bin", canary)


def decoy_in_a_linked_folder(folder, canary):
    outside = folder.parent / "outside"
    (folder / "text_encoder").rename(outside)
    (folder / "text_encoder").symlink_to(outside)
    (outside / "model.safetensors").rename(outside / "decoy.safetensors")
    shards(outside / "model.safetensors.index.json", "weights.bin")
    pickled(outside / "weights.bin", canary)


def shard_in_the_folder_above(folder, canary):
    (folder / "text_encoder" / "model.safetensors").rename(folder / "above.safetensors")
    shards(folder / "text_encoder" / "model.safetensors.index.json", "../above.safetensors")
    pickled(folder / "above.bin", canary)


def shard_by_its_whole_path(folder, canary):
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    target = whole.resolve()
    whole.unlink()
    shards(whole.with_name("diffusion_pytorch_model.safetensors.index.json"), str(target))
    pickled(canary.with_name("unused"), canary)


def shard_with_a_line_break(folder, canary):
    pickled(folder / "unet" / "a.safetensors\n.bin", canary)
    shards(
        folder / "unet" / "diffusion_pytorch_model.safetensors.index.json", "a.safetensors\n.bin"
    )


def shards_in_no_map(folder, canary):
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(
        '{"weight_map": ["weights.bin"]}'
    )
    pickled(folder / "unet" / "weights.bin", canary)


def shards_as_numbers(folder, canary):
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(
        '{"weight_map": {"a": 1}}'
    )
    pickled(folder / "unet" / "1", canary)


def pickle_named_by_the_config(folder, canary):
    part = folder / "text_encoder"
    edit(part / "config.json", transformers_weights="adapter_model.bin")
    zipped(part / "adapter_model.bin", canary)


def weights_elsewhere_named_by_the_config(folder, canary):
    edit(
        folder / "text_encoder" / "config.json",
        transformers_weights="../unet/diffusion_pytorch_model.safetensors",
    )
    pickled(folder / "unused", canary)


def adapter_of_another_model(folder, canary):
    part = folder / "text_encoder"
    edit(part / "adapter_config.json", base_model_name_or_path="owner/other", peft_type="LORA")
    zipped(part / "adapter_model.bin", canary)


def attention_from_the_hub(folder, canary):
    edit(
        folder / "text_encoder" / "config.json", attn_implementation="kernels-community/flash-attn"
    )
    pickled(folder / "unused", canary)


def attention_from_the_hub_for_an_inner_model(folder, canary):
    edit(
        folder / "text_encoder" / "config.json",
        text_config={"_attn_implementation": "owner/kernel"},
    )
    pickled(folder / "unused", canary)


def weights_that_need_kernels_of_the_hub(folder, canary):
    edit(folder / "unet" / "config.json", quantization_config={"quant_method": "nunchaku_lite"})
    pickled(folder / "unused", canary)


def experts_from_the_hub(folder, canary):
    edit(folder / "text_encoder" / "config.json", experts_implementation="deepgemm")
    pickled(folder / "unused", canary)


def pipeline_in_a_pipeline(folder, canary):
    """Its own index would be followed without a look, and its pickles loaded."""
    edit(folder / "model_index.json", unet=["diffusers", "DiffusionPipeline"])
    edit(
        folder / "unet" / "model_index.json",
        _class_name="StableDiffusionPipeline",
        unet=["os", "system"],
    )
    pickled(folder / "unet" / "diffusion_pytorch_model.bin", canary)


def class_that_chooses_a_class(folder, canary):
    edit(folder / "model_index.json", text_encoder=["transformers", "AutoModel"])
    edit(folder / "text_encoder" / "config.json", auto_map={"AutoModel": "mine.Model"})
    (folder / "text_encoder" / "mine.py").write_text(f"open({str(canary)!r}, 'w')")


def model_in_another_form(folder, canary):
    edit(folder / "model_index.json", unet=["diffusers", "OnnxRuntimeModel"])
    pickled(folder / "unet" / "model.onnx", canary)


def pickle_only(folder, canary):
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    pickled(folder / "vae" / "diffusion_pytorch_model.bin", canary)


HOSTILE = {
    decoy_for_transformers: r"index\.json names 'weights\.bin'; allowed: names of \.safetensors files beside it",
    decoy_for_diffusers: r"index\.json names 'weights\.bin'",
    decoy_beside_whole_weights: r"index\.json names 'weights\.bin'",
    decoy_of_a_variant: r"fp16\.safetensors\.index\.json names 'weights\.pt'",
    decoy_at_the_root: r"index\.json names 'pytorch_model\.bin'",
    decoy_in_a_linked_folder: r"index\.json names 'weights\.bin'",
    shard_in_the_folder_above: r"names '\.\./above\.safetensors'",
    shard_by_its_whole_path: r"names '/.*'; allowed",
    shard_with_a_line_break: r"names 'a\.safetensors\\n\.bin'",
    shards_in_no_map: "does not say which file holds each tensor",
    shards_as_numbers: "names 1; allowed",
    pickle_named_by_the_config: "transformers_weights is 'adapter_model.bin'",
    weights_elsewhere_named_by_the_config: r"transformers_weights is '\.\./unet",
    adapter_of_another_model: r"adapter_config\.json makes transformers load an adapter from elsewhere",
    attention_from_the_hub: "attn_implementation is 'kernels-community/flash-attn', code from the hub",
    attention_from_the_hub_for_an_inner_model: "_attn_implementation is 'owner/kernel'",
    weights_that_need_kernels_of_the_hub: "quant_method is 'nunchaku_lite', code from the hub; .* DWLAB_HUB_KERNELS=1",
    experts_from_the_hub: "experts_implementation is 'deepgemm'",
    pipeline_in_a_pipeline: r"unet is diffusers\.DiffusionPipeline; allowed: the class of the part itself",
    class_that_chooses_a_class: r"text_encoder is transformers\.AutoModel; allowed",
    model_in_another_form: r"unet is diffusers\.OnnxRuntimeModel; allowed",
    pickle_only: r"diffusion_pytorch_model\.bin is a pickle, which can run code",
}  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_folder_with_a_pickle_or_code_in_it_is_refused_before_it_loads(make, folder, canary):
    make(folder, canary)
    for attempt in (identify, loading.load):
        with pytest.raises(ModelError, match=HOSTILE[make]):
            attempt(str(folder))
    assert not canary.exists()


@pytest.mark.parametrize("form", [pickled, zipped])
@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model"])
def test_a_pickle_under_the_name_of_safetensors_is_not_run(form, part, folder, canary):
    path = folder / f"{part}.safetensors"
    path.unlink()
    form(path, canary)
    with pytest.raises(ModelError):
        loading.load(str(folder))
    assert not canary.exists()


def test_a_pickle_behind_a_shard_that_is_a_link_is_not_run(folder, canary):
    part = folder / "text_encoder"
    (part / "model.safetensors").unlink()
    zipped(part / "weights.bin", canary)
    (part / "model-1.safetensors").symlink_to("weights.bin")
    shards(part / "model.safetensors.index.json", "model-1.safetensors")
    with pytest.raises(ModelError):
        loading.load(str(folder))
    assert not canary.exists()


def test_pickles_and_other_forms_beside_safetensors_are_left_alone(folder, canary):
    """Published models keep them for older programs."""
    plain = identify(str(folder)).weights
    for name in (
        "unet/diffusion_pytorch_model.bin",
        "text_encoder/pytorch_model.bin",
        "vae/model.ckpt",
        "embeds.pt",
    ):
        zipped(folder / name, canary)
    for name in ("unet/model.onnx", "text_encoder/flax_model.msgpack", "text_encoder/tf_model.h5"):
        pickled(folder / name, canary)
    assert identify(str(folder)).weights == plain
    assert loading.load(str(folder)).pipeline.unet is not None
    assert not canary.exists()


def test_a_tokenizer_cannot_name_files_elsewhere(folder):
    """The library is to take the folder's own vocabulary; the other one has no end."""
    edit(
        folder / "tokenizer" / "tokenizer_config.json",
        vocab_file="/dev/zero",
        tokenizer_file="/dev/zero",
    )
    assert tokens.count_tokens(str(folder), "a red star")[0] == 3


# -- folders that never end --------------------------------------------------------------------


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def listening(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def directory(path):
    path.mkdir()


def sparse(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


FILES = (
    "model_index.json", "unet/config.json", "vae/config.json", "text_encoder/config.json", "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "scheduler/scheduler_config.json",
    "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors", "text_encoder/generation_config.json",
    "text_encoder/model.safetensors.index.json", "tokenizer/spiece.model", "tokenizer/chat_template.jinja",
)  # fmt: skip


@pytest.mark.timeout(180)
@pytest.mark.parametrize("make", [pipe, device, listening, sparse], ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", FILES)
def test_a_file_without_end_is_refused_unread(make, name, folder):
    path = folder / name
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(
        ModelError, match=r"not a regular file|larger than [0-9]+ MiB|bytes; allowed|GiB of weights"
    ):
        identify(str(folder))


@pytest.mark.parametrize("name", ["model_index.json", "unet/config.json", "vae/config.json"])
def test_a_folder_in_a_configs_place_is_refused(name, folder):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ModelError, match="not a regular file"):
        identify(str(folder))


ABSURD = {
    "a billion layers": ("unet/config.json", {"layers_per_block": 10**9}, "layers_per_block is 1e"),
    "a billion layers in a list": (
        "unet/config.json",
        {"layers_per_block": [1, 10**9, 1]},
        "layers_per_block is 1e",
    ),
    "more layers than tensors": (
        "text_encoder/config.json",
        {"num_hidden_layers": 5000},
        "num_hidden_layers is 5000",
    ),
    "layers within": (
        "text_encoder/config.json",
        {"text_config": {"num_layers": 10**6}},
        "num_layers is 1e",
    ),
    "transformers in layers": (
        "unet/config.json",
        {"transformer_layers_per_block": [[10**7]]},
        "transformer_layers",
    ),
    "a word for each atom": (
        "text_encoder/config.json",
        {"vocab_size": 10**30},
        "vocab_size is 1e",
    ),
    "less than nothing": (
        "text_encoder/config.json",
        {"hidden_size": -(10**12)},
        "hidden_size is -1e",
    ),
    "a wide picture": ("unet/config.json", {"sample_size": 10**6}, "sample_size is 1e"),
    "a wide grid": ("unet/config.json", {"pos_embed_max_size": 4096}, "pos_embed_max_size is 4096"),
    "a long list": (
        "vae/config.json",
        {"block_out_channels": [1] * 100_000},
        "block_out_channels has 100,000 values",
    ),
    "many steps": (
        "scheduler/scheduler_config.json",
        {"num_train_timesteps": 10**9},
        "num_train_timesteps is 1e",
    ),
    "high order": (
        "scheduler/scheduler_config.json",
        {"solver_order": 10**8},
        "solver_order is 1e",
    ),
    "deep": ("unet/config.json", None, "does not hold JSON"),
    "long number": ("unet/config.json", None, "does not hold JSON"),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", ABSURD)
def test_a_config_of_absurd_size_is_refused_before_anything_is_built(case, folder):
    name, changes, message = ABSURD[case]
    if changes is None:
        text = '{"a":' + "[" * 100_000 if case == "deep" else '{"a": ' + "9" * 100_000 + "}"
        (folder / name).write_text(text)
    else:
        edit(folder / name, **changes)
    with pytest.raises(ModelError, match=message):
        identify(str(folder))


HEAVY = {
    "wide layers": ("text_encoder/config.json", {"intermediate_size": 10**6, "hidden_size": 10**6}),
    "many words": ("text_encoder/config.json", {"vocab_size": 10**8}),
    "wide blocks": ("unet/config.json", {"block_out_channels": [10**6] * 4, "norm_num_groups": 1}),
    "many blocks": (
        "unet/config.json",
        {"layers_per_block": 90, "transformer_layers_per_block": 90},
    ),
    "many channels": ("vae/config.json", {"block_out_channels": [2**20] * 3, "norm_num_groups": 1}),
}


def test_no_config_that_diffusers_has_is_absurd():
    """What each of its classes is built from by default."""
    for name in set(dir(diffusers)) - {"UNet1DModel"}:  # for sound
        cls = getattr(diffusers, name)
        if not isinstance(cls, type) or not issubclass(
            cls, diffusers.ModelMixin | diffusers.SchedulerMixin
        ):
            continue
        parameters = inspect.signature(cls.__init__).parameters.values()
        config = {
            each.name: each.default
            for each in parameters
            if each.default is not inspect.Parameter.empty
        }
        plain = json.loads(json.dumps(config, default=str))
        file = (
            "scheduler_config.json" if issubclass(cls, diffusers.SchedulerMixin) else "config.json"
        )
        size_limits.check_config(Path(name) / file, plain, 0)


@pytest.mark.parametrize("make", [pipe, device, directory], ids=lambda make: make.__name__)
def test_the_command_refuses_such_a_folder_without_a_traceback(make, folder):
    (folder / "vae" / "config.json").unlink()
    make(folder / "vae" / "config.json")
    ended = CliRunner().invoke(
        app, ["generate", "x", "--model", str(folder), "--output", str(folder / "out.png")]
    )
    assert ended.exit_code == 2 and "not a regular file" in ended.stderr.replace("\n", " ")
    assert not (folder / "out.png").exists()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", HEAVY)
def test_a_model_far_larger_than_its_weights_is_refused_while_it_is_built(case, folder):
    name, changes = HEAVY[case]
    edit(folder / name, **changes)
    with pytest.raises(ModelError, match=r"far larger model than its weights|does not load"):
        loading.load(str(folder))


def test_no_model_that_loads_is_near_the_ceiling(folder):
    assert loading.load(str(folder)).pipeline.unet is not None


# -- a model's own code ------------------------------------------------------------------------


def own_code(part, canary, auto="AutoTokenizer"):
    """Give a part code of its own, that loaders run for whoever allows it."""
    (part / "mine.py").write_text(f"import os\nos.mkdir({str(canary)!r})\nclass Mine:\n    pass\n")
    edit(
        part / "tokenizer_config.json", tokenizer_class="Mine", auto_map={auto: ["mine.Mine", None]}
    )
    edit(part / "config.json", model_type="mine", auto_map={"AutoConfig": "mine.Mine"})
    edit(part / "preprocessor_config.json", auto_map={"AutoImageProcessor": "mine.Mine"})
    edit(part / "processor_config.json", auto_map={"AutoProcessor": "mine.Mine"})


TERMINAL = """
import json, sys
from dwlab.cli import main
from dwlab.models.loading import load
from dwlab.models.tokens import count_tokens

DRAW = ["--width", "64", "--height", "64", "--steps", "1", "--output"]
DOORS = {
    "counting tokens": lambda folder: print(count_tokens(folder, "a star")),
    "loading": load,
    "the command": lambda folder: command("generate", "x", "--model", folder, *DRAW, folder + "/out.png"),
}

def command(*words):
    sys.argv[1:] = words
    main()

for door, folder in json.loads(sys.argv[1]):
    try:
        DOORS[door](folder)
    except (Exception, SystemExit) as error:
        print(error)
    print("NEXT")
"""
DOORS = ("counting tokens", "loading", "the command")


def answered_yes(calls):
    """What a program prints for each call (door and folder) on a terminal where somebody answers yes to every question."""
    ours, theirs = os.openpty()
    program = [sys.executable, "-c", TERMINAL, json.dumps(calls)]
    with subprocess.Popen(
        program, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        os.write(ours, b"y\n" * 20 * len(calls))
        said = b""
        with contextlib.suppress(OSError):  # Linux says so when nobody writes any more
            while more := os.read(ours, 4096):
                said += more
        process.wait(120)
    os.close(ours)
    return said.decode().split("NEXT")


@pytest.fixture(scope="module")
def on_a_terminal(tmp_path_factory):
    """What each door prints for models with code of their own, and what of that code has run.

    One process for all, because each takes seconds to import torch.
    """
    calls, canaries = {}, {}
    for part in ("tokenizer", "feature_extractor"):
        for door in DOORS:
            root = tmp_path_factory.mktemp("terminal")
            folder, canary = linked_model(root), root / "canary"
            # a processor loads parts of its own, and diffusers cannot tell it what not to run
            if part == "feature_extractor":
                shutil.copytree(folder / "tokenizer", folder / part)
                edit(
                    folder / "model_index.json",
                    feature_extractor=["transformers", "CLIPProcessor"],
                )
            own_code(folder / part, canary)
            calls[door, part], canaries[door, part] = (door, str(folder)), canary
    *texts, _ = answered_yes(list(calls.values()))
    return {call: (text, canaries[call]) for call, text in zip(calls, texts, strict=True)}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("part", ["tokenizer", "feature_extractor"])
def test_nobody_on_a_terminal_is_asked_whether_a_models_code_may_run(door, part, on_a_terminal):
    text, canary = on_a_terminal[door, part]
    assert not canary.exists(), text
    assert "[y/N]" not in text
    if (door == "counting tokens") == (part == "tokenizer"):
        assert "code of its own, which dwlab does not run" in text


@pytest.mark.parametrize("cls", ["BertJapaneseTokenizer", "T5Tokenizer", "NoSuchTokenizer"])
def test_a_tokenizer_that_lacks_a_library_or_its_files_is_said_to_be_the_reason(folder, cls):
    for path in (folder / "tokenizer").iterdir():
        path.unlink()
    (folder / "tokenizer" / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": cls})
    )
    (folder / "tokenizer" / "spiece.model").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"the tokenizer in .* does not load"):
        tokens.count_tokens(str(folder), "a red star")


@pytest.mark.parametrize(
    "option",
    [[0, 1, 2], [2, 5], ["mid", "up", "down"], []],
    ids=["three numbers", "two numbers", "three texts", "nothing"],
)
def test_a_list_that_is_no_part_is_an_option_of_the_pipeline(pipeline, option):
    edit(pipeline / "model_index.json", text_encoder_select_layers=option)
    names = [name for name, _, _ in trust.parts(pipeline)]
    assert "unet" in names and "text_encoder_select_layers" not in names
    trust.check_folder(pipeline)


@pytest.mark.parametrize(
    "part",
    [["wuerstchen", "PaellaVQModel"], ["kolors", "ChatGLMModel"]],
    ids=lambda part: part[1],
)
def test_classes_in_modules_of_diffusers_own_pipelines_are_parts(pipeline, part):
    edit(pipeline / "model_index.json", vae=part)
    trust.check_folder(pipeline)


@pytest.mark.parametrize(
    "part",
    [["kolors", "os"], ["pipeline_utils", "ModelCard"], ["kandinsky", "PaellaVQModel"], ["os", 1]],
    ids=str,
)
def test_other_names_in_such_modules_are_refused(pipeline, part):
    edit(pipeline / "model_index.json", vae=part)
    with pytest.raises(ModelError, match="allowed: classes of diffusers and transformers"):
        trust.check_folder(pipeline)
