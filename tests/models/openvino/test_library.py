"""OpenVINO reports nothing to anybody."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import socket, sys
said = []
def note(*_, **__):
    said.append("connected")
    raise OSError("no network here")
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, note)
socket.getaddrinfo = socket.create_connection = note
{before}
from dwlab.models.openvino.library import openvino
library = openvino()
assert {before!r} or "openvino_telemetry" not in sys.modules
# anybody may import it, but nothing is to be reported by it
import openvino_telemetry.main
openvino_telemetry.main.Telemetry.send_event = lambda *_, **__: said.append("reported")
import torch
library.convert_model(torch.nn.Linear(2, 2), example_input=torch.ones(2, 2))
sys.exit(" ".join(said) or 0)
"""
IMPORTED = """
import openvino_telemetry.main
openvino_telemetry.main.Telemetry.send_event = lambda *_, **__: None
import openvino
"""


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", IMPORTED], ids=["first", "after another's import"])
def test_neither_an_import_nor_a_conversion_is_reported(before):
    script = [sys.executable, "-c", SCRIPT.format(before=before)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
