"""Small requests that would cause a server much work.

`python tests/hostile_requests.py` measures a real server's health during each of them.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

HEALTH_SECONDS = 0.01  # between two requests for the server's health
PATIENCE = 120.0  # seconds that any answer may take
GENERATE, SWEEPS = "/api/generate", "/api/sweeps"
MIB = 1 << 20


class HostileRequest(NamedTuple):
    """One request. content_type: what it says its body is."""

    name: str
    method: str
    path: str
    body: bytes
    content_type: str = "application/json"


class Outcome(NamedTuple):
    """The answer to a request. seconds: until it came.

    p99: of the seconds that the server's health took meanwhile. sent: how often it was requested.
    """

    name: str
    status: int
    size: int
    seconds: float
    p99: float
    sent: int


def requests() -> Iterator[HostileRequest]:
    """All of them; each is answered with a 4xx status, except the fair one."""
    yield from _bodies()
    for name, parts in _sweeps():
        yield HostileRequest(name, "POST", SWEEPS, _sweep(parts))
    for name, text in _yaml():
        yield HostileRequest(
            name, "POST", SWEEPS, text.encode("utf-8", "surrogatepass"), "application/yaml"
        )


def _sweep(parts: dict[str, Any]) -> bytes:
    return json.dumps({"name": "hostile", "base": {"prompt": "a"}, **parts}).encode()


def _bodies() -> Iterator[HostileRequest]:
    """Texts that are costly to parse, for both routes."""
    texts = {
        "deeply nested lists": b"[" * 200_000,
        "deeply nested maps": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        "a number of 200,000 digits": b'{"prompt": "a", "seed": ' + b"9" * 200_000 + b"}",
        "a number of 4,300 digits": b'{"prompt": "a", "seed": ' + b"9" * 4300 + b"}",
        "10,000 unknown keys": json.dumps(
            {"prompt": "a", **{f"k{n}": n for n in range(10_000)}}
        ).encode(),
        "one key 20,000 times": b'{"prompt": "a"' + b', "seed": 1' * 20_000 + b"}",
        "a key of 200,000 letters": json.dumps({"prompt": "a", "k" * 200_000: 1}).encode(),
        "a key of wide characters": json.dumps(
            {"prompt": "a", "\u202e\U0001f600" * 10_000: 1}
        ).encode(),
        "a prompt of combining marks": json.dumps({"prompt": "a" + "\u0301" * 30_000}).encode(),
        "an endless exponent": b'{"prompt": "a", "guidance": 1e999999999}',
        "the largest float": b'{"prompt": "a", "width": 1e308}',
        "a list of 100,000 numbers": b"[" + b"0," * 100_000 + b"0]",
        "escapes only": b'{"prompt": "' + b"\\u0000" * 20_000 + b'"}',
        "lone surrogates": b'{"prompt": "' + b"\\ud800" * 10_000 + b'"}',
    }
    for name, text in texts.items():
        yield HostileRequest(f"{name}, one picture", "POST", GENERATE, text)
        yield HostileRequest(f"{name}, a sweep", "POST", SWEEPS, text)
    yield HostileRequest(
        "2 MiB, one picture", "POST", GENERATE, b'{"prompt": "' + b"a" * 2 * MIB + b'"}'
    )
    yield HostileRequest("2 MiB, a sweep", "POST", SWEEPS, b'{"name": "' + b"a" * 2 * MIB + b'"}')


def _sweeps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Short sweeps whose work would be large."""
    grid = {"seed": {"range": [100]}, "steps": {"range": [1, 101]}}
    rules = [{"seed": k, "steps": {"above": 990 + k}} for k in range(2480)]
    yield "2,480 rules on 10,000 combinations", {"axes": grid, "skip": rules}
    yield (
        "rules of lists that look alike",
        {"axes": grid, "skip": [{"seed": [[1], [2]] * 20} for _ in range(100)]},
    )
    yield "20,000 placeholders", {"base": {"prompt": "{a}" * 20_000}, "axes": {"a": ["x" * 20_000]}}
    yield (
        "6,000 placeholders",
        {"base": {"prompt": "{a}" * 6000}, "axes": {"a": ["x" * 5], "seed": {"range": [1001]}}},
    )
    yield (
        "a long text in placeholders",
        {"base": {"prompt": "{a}" * 20}, "axes": {"a": ["x" * 900_000]}},
    )
    yield (
        "nested braces",
        {"base": {"prompt": "{{" * 9000 + "{a" * 9000}, "axes": {"a": ["{a}" * 9000]}},
    )
    yield (
        "names like patterns",
        {"base": {"prompt": "{(a+)+$}" + "{" + "a" * 300_000}, "axes": {"(a+)+$": [1]}},
    )
    yield "solver_order", {"base": {"prompt": "a", "scheduler_options": {"solver_order": 10**8}}}
    yield "solver_order as an axis", {"axes": {"scheduler_options.solver_order": [2, 10**8]}}
    yield (
        "training steps",
        {"base": {"prompt": "a", "scheduler_options": {"num_train_timesteps": 10**9}}},
    )
    yield (
        "trained betas",
        {"base": {"prompt": "a", "scheduler_options": {"trained_betas": [0.1] * 4000}}},
    )
    yield "timesteps", {"base": {"prompt": "a", "call": {"timesteps": list(range(4000))}}}
    yield (
        "call with 4,000 keys",
        {"base": {"prompt": "a", "call": {f"k{n}": n for n in range(4000)}}},
    )
    yield (
        "call with 10,000 keys",
        {"base": {"prompt": "a", "call": {f"k{n}": n for n in range(10_000)}}},
    )
    yield "call as a large axis", {"axes": {"call": [{"eta": 0, "x": [0] * 4} for _ in range(900)]}}
    yield "a range of a thousand million", {"axes": {"seed": {"range": [0, 10**9]}}}
    yield "a range of floats without end", {"axes": {"guidance": {"range": [0, 1e308, 1e-300]}}}
    yield "a range of very long numbers", {"axes": {"seed": {"range": [0, 10**4200, 1e-300]}}}
    yield "a million evenly spaced", {"axes": {"guidance": {"linspace": [0, 1, 1_000_000]}}}
    yield "a count of 1e308", {"axes": {"guidance": {"linspace": [0, 1, 1e308]}}}
    yield "a million random seeds", {"axes": {"seed": {"random": 1_000_000}}}
    yield "2,000 axes of one value", {"axes": {f"call.a{n}": [1] for n in range(2000)}}
    yield "40 axes of two values", {"axes": {f"call.a{n}": [0, 1] for n in range(40)}}
    yield "2,000 zips", {"axes": {"seed": [1]}, "zip": [["seed"]] * 2000}
    yield (
        "2,000 zips of nothing",
        {"axes": {"seed": {"range": [2000]}}, "zip": [[] for _ in range(2000)]},
    )
    yield "a name of 100,000 letters", {"name": "x" * 100_000}
    yield "a name of wide characters", {"name": "\U0001f600\u202e" * 30}
    yield "4,000 metrics", {"metrics": [f"m{n}" for n in range(4000)]}
    yield "4,000 models", {"axes": {"model": [f"someone/model-{n}" for n in range(1000)]}}
    yield "30 levels", {"skip": [{"seed": json.loads("[" * 30 + "]" * 30)}]}
    yield (
        "pictures of 4,096 x 4,096 in 1,000 steps",
        {"base": {"prompt": "a", "width": 4096, "height": 4096, "steps": 1000}},
    )
    yield (
        "a fair sweep beside them",
        {"name": "hostile", "base": {"prompt": "a", "steps": 1, "width": 64, "height": 64}},
    )


def _yaml() -> Iterator[tuple[str, str]]:
    """Texts that a YAML parser reads slowly, or that expand."""
    yield "YAML: 300,000 values", "name: x\nbase: [" + "a," * 300_000 + "a]"
    yield "YAML: one text of 900,000 letters", "name: x\nbase: {prompt: " + "a" * 900_000 + "}"
    yield "YAML: 900,000 line ends", "name: x" + "\n" * 900_000 + "base: 1"
    yield "YAML: 400,000 escapes", 'name: "' + "\\x41" * 200_000 + '"'
    yield "YAML: nested lists", "name: " + "[" * 100_000
    yield "YAML: nested dashes", "name: x\nbase:\n " + "- " * 100_000
    yield "YAML: anchors that multiply", "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]"
    yield "YAML: a tag", "name: !!python/object/apply:os.system [ls]"
    yield "YAML: a merge key", "name: x\n<<: {base: {prompt: a}}"
    yield (
        "YAML: a number of 100,000 digits",
        "name: x\nbase: {prompt: a, seed: " + "9" * 100_000 + "}",
    )
    yield (
        "YAML: a number of 100,000 hexadecimal digits",
        "name: x\nbase: {prompt: a, seed: 0x" + "f" * 100_000 + "}",
    )
    yield "YAML: sexagesimals", "name: x\nbase: {prompt: a, seed: " + "1:" * 50_000 + "1}"
    yield "YAML: one key 100,000 times", "name: x\n" + "a: 1\n" * 100_000
    yield "YAML: comments", "# x\n" * 250_000 + "name: x"
    yield "YAML: 5,000 documents", "--- a\n" * 5000


def send(url: str, request: HostileRequest) -> httpx.Response:
    """The server's answer to one request."""
    headers = {"Content-Type": request.content_type}
    return httpx.request(
        request.method, url + request.path, content=request.body, headers=headers, timeout=PATIENCE
    )


def measure(url: str, request: HostileRequest) -> Outcome:
    """Send one request, and time the server's health meanwhile, for at least a quarter of a second."""
    answers: list[float] = []
    over = threading.Event()
    asking = threading.Thread(target=_ask_health, args=(url, answers, over))
    asking.start()
    try:
        began = time.monotonic()
        answer = send(url, request)
        seconds = time.monotonic() - began
        time.sleep(max(0.0, 0.25 - seconds))
    finally:
        over.set()
        asking.join()
    return Outcome(
        name=request.name,
        status=answer.status_code,
        size=len(answer.content),
        seconds=seconds,
        p99=_p99(answers),
        sent=len(answers),
    )


def _p99(values: list[float]) -> float:
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _ask_health(url: str, answers: list[float], over: threading.Event) -> None:
    with httpx.Client(base_url=url, timeout=PATIENCE) as http:
        while not over.wait(HEALTH_SECONDS):
            began = time.monotonic()
            http.get("/api/health").raise_for_status()
            answers.append(time.monotonic() - began)


def main() -> None:
    """Measure all of them on a server of their own, and print a line for each."""
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as server:
        for request in requests():
            outcome = measure(server.url, request)
            answer = f"{outcome.status} {1000 * outcome.seconds:7.0f} ms"
            health = f"health p99 {1000 * outcome.p99:5.0f} ms of {outcome.sent:4}"
            print(f"{answer}, {health}: {outcome.name}", flush=True)


if __name__ == "__main__":
    main()
