"""Files that another tool's recipe names by short hashes: LoRAs, textual inversions, a VAE.

AUTOMATIC1111 writes the first 12 digits of the SHA-256 of a LoRA's tensors, which is the hash of the
file without its header, and the first 10 of that of a whole file for the others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..spec.embeddings import Embedding
    from ..spec.loras import Lora
    from .recipes import Recipe

    # the SHA-256 of a file of this machine by the beginning of a hash; empty if there is none
    Finder = Callable[[str], str]

LORAS = "Lora hashes"
EMBEDDINGS = "TI hashes"
VAE = "VAE hash"
NAMES = frozenset({LORAS, EMBEDDINGS, VAE})
LORA_DIGITS = 12
FILE_DIGITS = 10
ENTRIES_LIMIT = 32
_MISSING = "dwlab has read no file with this hash on this machine; use it once, then it is found"
_HASH = re.compile("[0-9a-f]{10,64}")
_TAG = re.compile(
    r"<lora:(?P<name>[^:<>]{1,100})(?P<weights>(?::[^:<>]{1,20}){0,3})>", re.IGNORECASE
)
# of names within lists of `name: hash`
_UNSAFE = re.compile(r"[^\w .<>()+\-]")


def find(recipe: Recipe, sha256_of: Finder) -> None:
    """Put the files that are here into a recipe, and say which are not.

    LoRAs leave the prompt, where the other tool has them.
    """
    loras = _found(recipe, LORAS, sha256_of)
    if loras:
        _take_loras(recipe, loras)
    embeddings = _found(recipe, EMBEDDINGS, sha256_of)
    if embeddings:
        entries = [{"token": name, "sha256": sha256} for name, sha256 in embeddings.items()]
        recipe.values["embeddings"] = entries
    vae = sha256_of(recipe.hashes.get(VAE, "").lower()) if VAE in recipe.hashes else ""
    if vae:
        recipe.values["vae"] = {"weights": vae}
        _forget(recipe, VAE)
        _forget(recipe, "VAE")


def _found(recipe: Recipe, name: str, sha256_of: Finder) -> dict[str, str]:
    """The SHA-256 of each file of a list that is here; the others are left out of the recipe."""
    if name not in recipe.hashes:
        return {}
    hashes = _entries(recipe.hashes[name])
    found = {entry: sha256_of(short) for entry, short in hashes.items()}
    missing = [f"{entry}: {hashes[entry]}" for entry, sha256 in found.items() if not sha256]
    _forget(recipe, name)
    if missing or not hashes:
        recipe.left_out.append(f"{name}: {', '.join(missing) or '(no hashes)'} ({_MISSING})")
    return {entry: sha256 for entry, sha256 in found.items() if sha256}


def _entries(text: str) -> dict[str, str]:
    """The hashes in a list like `ink: 0123456789ab, oil: ...`, by name."""
    hashes = {}
    for entry in text.split(",")[:ENTRIES_LIMIT]:
        name, _, short = entry.rpartition(":")
        if name.strip() and _HASH.fullmatch(short.strip().lower()):
            hashes[name.strip()] = short.strip().lower()
    return hashes


def _take_loras(recipe: Recipe, files: Mapping[str, str]) -> None:
    """Take the LoRAs that are here out of the prompt."""
    stack: list[dict[str, Any]] = []

    def take(match: re.Match[str]) -> str:
        name = _in_list(match["name"])
        weight = _weight(match["weights"])
        if name not in files or weight is None:
            return match[0]
        stack.append({"name": name, "sha256": files[name], "weight": weight})
        return ""

    prompt = _TAG.sub(take, str(recipe.values.get("prompt", "")))
    if stack:
        recipe.values["prompt"] = prompt.strip()
        recipe.values["loras"] = stack
    taken = {lora["name"] for lora in stack}
    for name in files.keys() - taken:
        recipe.left_out.append(f"{LORAS}: {name} (its weight is not a number of the prompt)")


def _weight(text: str) -> float | None:
    """The weight in `:0.8`; 1 if there is none, None for several that differ."""
    if not text:
        return 1.0
    try:
        weights = {float(part) for part in text[1:].split(":")}
    except ValueError:
        return None
    return weights.pop() if len(weights) == 1 else None


def _forget(recipe: Recipe, name: str) -> None:
    recipe.left_out[:] = [text for text in recipe.left_out if not text.startswith(f"{name}:")]


def _in_list(name: str) -> str:
    """A name as it stands in lists of hashes, where colons and commas have a meaning."""
    return name.replace(":", "").replace(",", "").strip()


def tags(loras: tuple[Lora, ...]) -> str:
    """The LoRAs of a recipe as AUTOMATIC1111 has them in its prompts."""
    shown = [f"<lora:{_safe(lora.name)}:{lora.weight:g}>" for lora in loras if lora.weight]
    return " ".join(shown)


def hashes_of(
    loras: tuple[Lora, ...], embeddings: tuple[Embedding, ...], tensors: Mapping[str, str]
) -> dict[str, str]:
    """The lists of hashes for a recipe's files.

    tensors: the SHA-256 of the tensors of LoRAs, by that of the whole file.
    """
    lists = {
        LORAS: [
            f"{_safe(lora.name)}: {tensors[lora.sha256][:LORA_DIGITS]}"
            for lora in loras
            if lora.weight and lora.sha256 in tensors
        ],
        EMBEDDINGS: [
            f"{_safe(embedding.token)}: {embedding.sha256[:FILE_DIGITS]}"
            for embedding in embeddings
            if embedding.sha256
        ],
    }
    return {name: f'"{", ".join(entries)}"' for name, entries in lists.items() if entries}


def _safe(name: str) -> str:
    """A name without what has a meaning in the text of parameters."""
    return _UNSAFE.sub("_", name)
