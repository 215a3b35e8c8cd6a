"""Metrics of the user's own in an export: their code is named by its hash, their facts travel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from ...spec.own_code.files import is_reference
from ...spec.own_code.metric_facts import MetricFacts
from . import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS_LIMIT = 1_000
NAME_LIMIT = 200  # characters
_SHA256 = re.compile("[0-9a-f]{64}")


def with_code_by_hash(
    spec: Mapping[str, Any], measured: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A stored sweep whose metrics in files are named by the hash of their code.

    measured: the facts of columns, which have the hashes. Those that were never measured are left
    out.
    """
    if not spec.get("metrics"):
        return dict(spec)
    entries = [_by_hash(entry, measured) for entry in spec["metrics"]]
    return {**spec, "metrics": [entry for entry in entries if entry is not None]}


def _by_hash(entry: Any, measured: Mapping[str, Mapping[str, Any]]) -> Any:
    ((name, options),) = entry.items() if isinstance(entry, dict) else [(entry, {})]
    if not is_reference(name):
        return entry
    own_name = name.rpartition(":")[2]
    label = options.get("label")
    facts = measured.get(f"{own_name}.{label}" if label else own_name, {})
    return {own_name: {**options, "code": facts["code"]}} if "code" in facts else None


def checked_facts(values: object) -> dict[str, dict[str, object]]:
    """What a stranger's export says of columns; what is not understood is as usual.

    Raises InvalidInput for another form.
    """
    field = f"{layout.SWEEP}: measured"
    if not isinstance(values, dict) or len(values) > COLUMNS_LIMIT:
        raise InvalidInput(field, values, f"a map of at most {COLUMNS_LIMIT:,} columns")
    facts: dict[str, dict[str, object]] = {}
    for column, stated in values.items():
        if len(column) > NAME_LIMIT or not isinstance(stated, dict):
            raise InvalidInput(field, column[:NAME_LIMIT], "a column with a map of facts")
        kept = MetricFacts.of_store(stated).as_dict()
        code = stated.get("code")
        if isinstance(code, str) and _SHA256.fullmatch(code):
            kept["code"] = code
        facts[column] = {**kept, "compares": stated.get("compares") is True}
    return facts
