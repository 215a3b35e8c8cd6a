"""What a comparison of benchmarks says first, in sentences, and only as far as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .confidence import Speedup, speedup
from .machines import machines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .file_rows import FileRow, WorkloadSize
    from .machines import Machine

PHASES = {"prompt": "the prompt", "step": "the steps", "decode": "the decoder"}
NEARLY_ALL = 0.9
MOST = 0.6
SAME_SHARE = 0.02  # of the matmul rate
SENTENCES = 6


@dataclass(frozen=True)
class _Pair:
    """The same computation on two machines. ratio: how many times as fast the second one is."""

    first: FileRow
    second: FileRow
    ratio: Speedup

    @classmethod
    def of(cls, first: FileRow, second: FileRow) -> _Pair:
        ratio = speedup(first.phases["end_to_end"], second.phases["end_to_end"])
        return cls(first, second, ratio)


def sentences(rows: Sequence[FileRow]) -> list[str]:
    """What rows say: machines beside the first one, or the settings of the only machine."""
    machines = machines_of(rows)
    units = list(machines)
    counting = [row for row in rows if row.ok]
    if not counting:
        return ["No row has numbers that count; the notes below say why."] if rows else []
    if len(units) == 1:
        return _settings(counting)[:SENTENCES]
    first, *others = units
    texts: list[str] = []
    for other in others:
        rows_of = [[row for row in counting if row.unit == unit] for unit in (first, other)]
        texts += _machines(machines[first], machines[other], *rows_of)
    return texts[:SENTENCES]


# -- machines -----------------------------------------------------------------------------------


def _machines(a: Machine, b: Machine, ours: list[FileRow], theirs: list[FileRow]) -> list[str]:
    """A sentence per workload that both measured."""
    pairs = _pairs(ours, theirs)
    if not pairs:
        return [_no_pairs(a, b, ours, theirs)]
    texts = [f"On {size}: {_sentence(a, b, pairs[size])}." for size in sorted(pairs)]
    versions = _versions(a, b, ours[0], theirs[0])
    return [*texts, versions] if versions else texts


def _pairs(ours: list[FileRow], theirs: list[FileRow]) -> dict[WorkloadSize, list[_Pair]]:
    """Rows of the same whole workload, dtype and settings."""
    pairs: dict[WorkloadSize, list[_Pair]] = {}
    for first in ours:
        for second in theirs:
            is_same = first.workload == second.workload and first.computed == second.computed
            if is_same:
                pairs.setdefault(first.size, []).append(_Pair.of(first, second))
                break
    return pairs


def _no_pairs(a: Machine, b: Machine, ours: list[FileRow], theirs: list[FileRow]) -> str:
    names = f"{a.letter} and {b.letter} cannot be compared"
    if not ours or not theirs:
        empty = b.letter if ours else a.letter
        return f"{names}: no row of {empty} has numbers that count."
    if any(row.workload == other.workload for row in ours for other in theirs):
        return f"{names}: they measured the same workload, but not in the same dtype and settings."
    differing = _differing(ours[0], theirs)
    words = ", ".join(name.replace("_", " ") for name in differing)
    reason = f" (they differ in {words})" if words else ""
    return f"{names}: they measured other workloads{reason}."


def _differing(row: FileRow, others: list[FileRow]) -> list[str]:
    """What sets the nearest workload of others apart."""
    differences = [
        [name for name in row.workload if row.workload[name] != other.workload.get(name)]
        for other in others
    ]
    return min(differences, key=len)[:4]


def _sentence(a: Machine, b: Machine, pairs: list[_Pair]) -> str:
    shown = [pair for pair in pairs if _is_shown(pair.ratio)]
    faster = [pair for pair in shown if pair.ratio.low > 1]
    slower = [_Pair.of(pair.second, pair.first) for pair in shown if pair.ratio.high < 1]
    not_shown = [pair for pair in pairs if not _is_shown(pair.ratio)]
    parts = []
    if faster:
        parts.append(_faster(b, a, faster))
    if slower:
        parts.append(_faster(a, b, slower))
    if not_shown:
        parts.append(f"no difference is shown {_where(not_shown)}")
    text = "; ".join(parts)
    if where := _phase_of_difference(shown):
        text += f", {where}"
    if rates := _matmul_rates(a, b, pairs):
        text += f"; {rates}"
    return text


def _faster(fast: Machine, slow: Machine, pairs: list[_Pair]) -> str:
    """B is 1.7 times as fast as A in float32 (1.3-2.2), 2.5 times in bfloat16 (2.1-2.9)."""
    texts: list[str] = []
    for pair in pairs:
        than = "" if texts else f" as fast as {slow.letter}"
        where = f"in {pair.first.computed_with} {_interval(pair.ratio)}"
        texts.append(f"{pair.ratio.median:.2g} times{than} {where}")
    return f"{fast.letter} is {_listed(texts)}"


def _versions(a: Machine, b: Machine, first: FileRow, second: FileRow) -> str:
    """Which libraries differ, because that makes a difference of its own."""
    differing = [
        f"{name} {first.versions.get(name, 'none')} and {second.versions.get(name, 'none')}"
        for name in dict.fromkeys([*first.versions, *second.versions])
        if first.versions.get(name) != second.versions.get(name)
    ]
    if not differing:
        return ""
    return f"{a.letter} and {b.letter} were measured with other versions: {', '.join(differing)}."


def _is_shown(ratio: Speedup) -> bool:
    return ratio.low > 1 or ratio.high < 1


def _where(pairs: list[_Pair]) -> str:
    return _listed([f"in {pair.first.computed_with} {_interval(pair.ratio)}" for pair in pairs])


def _interval(ratio: Speedup) -> str:
    return f"({ratio.low:.2g}-{ratio.high:.2g})"


def _listed(texts: list[str]) -> str:
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _phase_of_difference(pairs: list[_Pair]) -> str:
    """In which phase the time is won, if that is clear and the same for all of them."""
    phases = {_main_phase(pair) for pair in pairs}
    return phases.pop() if len(phases) == 1 else ""


def _main_phase(pair: _Pair) -> str:
    won = {}
    for phase in PHASES:
        first, second = _phase_seconds(pair.first, phase), _phase_seconds(pair.second, phase)
        if first is None or second is None:
            return ""
        won[phase] = first - second
    total = sum(won.values())
    phase = max(won, key=lambda name: won[name] / total if total else 0.0)
    share = won[phase] / total if total else 0.0
    if share >= NEARLY_ALL:
        return f"nearly all of it in {PHASES[phase]}"
    return f"most of it in {PHASES[phase]}" if share >= MOST else ""


def _phase_seconds(row: FileRow, phase: str) -> float | None:
    median = row.median(phase)
    if median is None:
        return None
    return median * row.size.steps if phase == "step" else median


def _matmul_rates(a: Machine, b: Machine, pairs: list[_Pair]) -> str:
    first, second = pairs[0].first.matmul_share, pairs[0].second.matmul_share
    if first is None or second is None:
        return ""
    computed = pairs[0].first.computed_with
    if abs(first - second) <= SAME_SHARE:
        return f"both reach {(first + second) / 2:.0%} of their matmul rate in {computed}"
    return f"of its matmul rate, {a.letter} reaches {first:.0%} and {b.letter} {second:.0%} in {computed}"


# -- settings of one machine --------------------------------------------------------------------


def _settings(rows: list[FileRow]) -> list[str]:
    """A sentence per workload: which settings are faster than plain float32."""
    workloads: dict[WorkloadSize, list[FileRow]] = {}
    for row in rows:
        workloads.setdefault(row.size, []).append(row)
    return [_settings_sentence(size, workloads[size]) for size in sorted(workloads)]


def _rate_text(images_per_s: float) -> str:
    text = f"{images_per_s:.3g}"
    return f"{text} {'picture' if text == '1' else 'pictures'} a second"


def _settings_sentence(size: WorkloadSize, rows: list[FileRow]) -> str:
    base = next((row for row in rows if row.is_stock), rows[0])
    others = [row for row in rows if row is not base and row.workload == base.workload]
    rate = "" if base.images_per_s is None else _rate_text(base.images_per_s)
    if not others:
        return f"{base.computed_with} makes {rate or 'pictures'} on {size}."
    pairs = [_Pair.of(base, row) for row in others]
    faster = [pair for pair in pairs if pair.ratio.low > 1]
    best = max(pairs, key=lambda pair: pair.ratio.median)
    if faster:
        best = max(faster, key=lambda pair: pair.ratio.median)
        factor = f"{best.ratio.median:.2g} times as fast {_interval(best.ratio)}"
        than = f"{base.computed_with} ({rate})" if rate else base.computed_with
        return f"{best.second.computed_with} is {factor} as {than} on {size}."
    tried = f"the fastest tried, {best.second.computed_with}, {best.ratio.median:.2g} times"
    return f"No setting is shown to be faster than {base.computed_with} on {size} ({tried}, {_interval(best.ratio)[1:]}."
