from __future__ import annotations

import pytest

from dwlab.cluster import certificates
from dwlab.errors import RenderError


def test_a_certificate_is_made_once_and_its_key_is_private(tmp_path):
    file = tmp_path / "lab" / "scheduler.json"
    assert certificates.beside(file) is None
    certificates.make_beside(file)
    key = file.parent / certificates.KEY
    content = key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    certificates.make_beside(file)
    assert key.read_bytes() == content
    assert certificates.beside(file).require_encryption


def test_a_folder_that_cannot_be_is_an_error_in_words(tmp_path):
    (tmp_path / "lab").touch()
    with pytest.raises(RenderError, match=r"no certificate can be written to .*lab \("):
        certificates.make_beside(tmp_path / "lab" / "scheduler.json")


def test_openssl_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(certificates, "OPENSSL", ("sh", "-c", "sleep 60"))
    monkeypatch.setattr(certificates, "OPENSSL_SECONDS", 0.2)
    with pytest.raises(RenderError, match="openssl made no certificate within"):
        certificates.make_beside(tmp_path / "scheduler.json")
    assert list(tmp_path.iterdir()) == []
