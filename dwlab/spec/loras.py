"""LoRA files with their weights, as a recipe names them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePath

from .._util.checks import is_number, without_quotes
from ..errors import InvalidInput
from .entries import build, check_distinct, checked_map

WEIGHT_LIMIT = 10.0
STACK_LIMIT = 32  # LoRAs of one picture
TEXT_LIMIT = 1_000  # characters of a path or a name
NAME_LIMIT = 100  # characters
SHAPES_FOLDER = Path(__file__).parents[1] / "shapes" / "loras"
# what dwlab ships, by the name that stands for its file
SHIPPED = {path.stem: path for path in sorted(SHAPES_FOLDER.glob("*.safetensors"))}
_SHA256 = re.compile("[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][\w.+-]*(/[A-Za-z0-9][\w.+-]*)*", re.ASCII)
_ALLOWED = "a list like [{file: style.safetensors, weight: 0.8}]"


@dataclass(frozen=True)
class Lora:
    """A LoRA file and how strongly it acts.

    file: a safetensors file, or the name of one that dwlab ships (see SHIPPED).
    weight: from -10 to 10. 0 is the same as leaving the LoRA out.
    name: what tables and axes call it (`loras.NAME.weight`); by default the file's name without
        its suffix.
    sha256: the hash of the file's content. It is filled in once the file was read. A recipe that
        contains it accepts no other content.
    hub: a repository of the hub, owner/name, in which `file` is. revision: of it; a branch, tag or
        commit, which is replaced by the commit once the file was read.

    Raises InvalidInput, which names the field.
    """

    file: str = ""
    weight: float = 1.0
    name: str = ""
    sha256: str = ""
    hub: str = ""
    revision: str = ""

    def __post_init__(self) -> None:
        check_text("name", self.name)
        check_file(self.file, self.sha256)
        check_hub(self.hub, self.revision, self.file)
        object.__setattr__(self, "weight", checked_weight("weight", self.weight))
        name = self.name or PurePath(self.file).stem or self.sha256[:10]
        if len(name) > NAME_LIMIT:
            allowed = f"at most {NAME_LIMIT} characters; give the LoRA a shorter one with name:"
            raise InvalidInput("name", name, allowed)
        object.__setattr__(self, "name", name)

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values for JSON; empty ones are left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value != ""}

    def without_path(self) -> Lora:
        """The same without the path of its file, which is private; one of the hub is not."""
        return self if self.hub or self.file in SHIPPED else replace(self, file="")


Stack = tuple[Lora, ...]


def check_file(file: object, sha256: object) -> None:
    """Raise InvalidInput unless a file is named by its path, its hash or both."""
    check_text("file", file)
    if not isinstance(sha256, str) or (sha256 and not _SHA256.fullmatch(sha256)):
        raise InvalidInput("sha256", sha256, "the 64 digits of a SHA-256, in lower case")
    if not file and not sha256:
        raise InvalidInput("file", file, "the path of a safetensors file")


def check_hub(hub: object, revision: object, file: object) -> None:
    """Raise InvalidInput unless a repository of the hub is named by its id, and has a file."""
    if not isinstance(hub, str) or (hub and not _REPOSITORY.fullmatch(hub)):
        raise InvalidInput("hub", hub, "the id of a repository, owner/name")
    if hub and not file:
        raise InvalidInput("file", file, f"the path of a .safetensors file in {hub}")
    if not isinstance(revision, str) or (revision and not _REVISION.fullmatch(revision)):
        raise InvalidInput("revision", revision, "a branch, tag or commit of a repository")
    if revision and not hub:
        raise InvalidInput("revision", revision, "left out without hub, the repository that has it")


def checked_weight(field: str, value: object) -> float:
    """A weight as a float; raises InvalidInput for anything but a number from -10 to 10."""
    # NaN is not in this range either
    if not is_number(value) or not -WEIGHT_LIMIT <= value <= WEIGHT_LIMIT:
        limit = f"{WEIGHT_LIMIT:g}"
        allowed = f"a number from -{limit} to {limit}{without_quotes(value)}"
        raise InvalidInput(field, value, allowed)
    return float(value) + 0.0  # makes 0.0 of -0.0


def checked_stack(field: str, value: object) -> Stack:
    """The LoRAs in a list of maps, file names or LoRAs.

    Raises InvalidInput, which names the entry, like `loras[0].weight`.
    """
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, value, _ALLOWED)
    if len(value) > STACK_LIMIT:
        raise InvalidInput(field, f"{len(value):,} LoRAs", f"at most {STACK_LIMIT}")
    stack = tuple(_lora(f"{field}[{index}]", entry) for index, entry in enumerate(value))
    allowed = "a name that no other LoRA of this picture has; give it one with name:"
    check_distinct(field, "name", [lora.name for lora in stack], allowed)
    return stack


def with_weight(field: str, value: object, axis: str, weight: object) -> list[dict[str, object]]:
    """A stack, as plain values, with another weight of one LoRA.

    axis: the rest of a dotted name, like `style.weight`. Raises InvalidInput for a LoRA that the
    stack does not have, and for what is not a weight.
    """
    name, _, attribute = axis.rpartition(".")
    stack = checked_stack(field, value)
    names = [lora.name for lora in stack]
    if attribute != "weight" or name not in names:
        known = ", ".join(f"{field}.{each}.weight" for each in names) or f"none without {field}:"
        raise InvalidInput(f"{field}.{axis}", weight, f"the weight of a LoRA in {field}: {known}")
    checked_weight(f"{field}.{axis}", weight)
    plain = [lora.as_dict() for lora in stack]
    plain[names.index(name)]["weight"] = weight
    return plain


def weights_by_axis(field: str, value: object) -> dict[str, object]:
    """The weight of each LoRA of a stack by the name of its axis; empty if it is no stack."""
    try:
        stack = checked_stack(field, value)
    except InvalidInput:
        return {}
    return {f"{field}.{lora.name}.weight": lora.weight for lora in stack}


def label(stack: Stack) -> str:
    """A stack as people read it: `style 0.8 + faces 1`."""
    return " + ".join(f"{lora.name} {lora.weight:g}" for lora in stack) or "none"


def _lora(field: str, entry: object) -> Lora:
    if isinstance(entry, Lora):
        return entry
    if isinstance(entry, str):
        entry = {"file": entry}
    example = "{file: style.safetensors, weight: 0.8}"
    return build(field, Lora, checked_map(field, entry, Lora, example))


def check_text(field: str, value: object) -> None:
    """Raise InvalidInput unless a value is a text of a path or a name."""
    is_text = isinstance(value, str) and len(value) <= TEXT_LIMIT and value.isprintable()
    if not is_text:
        raise InvalidInput(
            field, value, f"text of at most {TEXT_LIMIT:,} characters without control characters"
        )
