"""Encryption between machines: a certificate of one's own beside the file that names a scheduler.

Whoever can read that folder belongs to the cluster, as whoever can read ~/.ssh belongs to a user.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._util.durations import duration
from ..errors import InvalidInput, RenderError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Security

log = logging.getLogger(__name__)
CERTIFICATE = "dwlab-cert.pem"
KEY = "dwlab-key.pem"
DAYS = 365
OPENSSL_SECONDS = 60.0
OPENSSL = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    *("-nodes", "-days", str(DAYS), "-subj", "/CN=dwlab"),
)


def beside(file: Path) -> Security | None:
    """The encryption that lies beside a scheduler's file; None if there is none."""
    certificate = file.parent / CERTIFICATE
    key = file.parent / KEY
    if not (certificate.is_file() and key.is_file()):
        return None
    from distributed import Security

    # the certificate is its own authority: whoever has the key is trusted, nobody else
    names = {"tls_ca_file": str(certificate)}
    for role in ("client", "worker", "scheduler"):
        names[f"tls_{role}_cert"] = str(certificate)
        names[f"tls_{role}_key"] = str(key)
    return Security(require_encryption=True, **names)  # type: ignore[no-untyped-call]


def make_beside(file: Path) -> None:
    """Make a certificate and its key beside a scheduler's file, readable by nobody else.

    Those that are there stay. Raises RenderError if `openssl` is missing or fails, or if the folder
    cannot be written.
    """
    if beside(file) is not None:
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            _make_in(Path(folder))
            # the key first: a certificate without one would be taken for none
            for name in (KEY, CERTIFICATE):
                Path(folder, name).replace(file.parent / name)
    except OSError as error:
        raise RenderError(
            f"no certificate can be written to {file.parent} ({first_line(error)}); it needs a "
            "folder that only you can read"
        ) from None


def _make_in(folder: Path) -> None:
    """Make a certificate and its key in a folder; raises RenderError."""
    key = folder / KEY
    command = [*OPENSSL, "-keyout", str(key), "-out", str(folder / CERTIFICATE)]
    try:
        subprocess.run(  # noqa: S603  # fixed words and our own paths
            command, capture_output=True, text=True, check=True, timeout=OPENSSL_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise RenderError(f"openssl made no certificate: {error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"openssl made no certificate within {duration(OPENSSL_SECONDS)}; try again"
        ) from None
    except OSError as error:
        raise RenderError(
            f"a certificate needs the program openssl ({first_line(error)}); install it, or let "
            "the scheduler listen on loopback, to which ssh can forward"
        ) from None
    key.chmod(0o600)


@contextlib.contextmanager
def of_one_run() -> Iterator[Security | None]:
    """The encryption of workers that this process starts on its machine; None without `openssl`."""
    if shutil.which(OPENSSL[0]) is None:
        log.warning("without the program openssl, other users of this machine can reach workers")
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="dwlab-cluster-") as folder:
        file = Path(folder) / "scheduler.json"
        make_beside(file)
        yield beside(file)


def is_loopback(address: str) -> bool:
    """Whether an address, like tcp://127.0.0.1:8786, is that of this machine alone."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_trusted(field: str, address: str) -> None:
    """Raise InvalidInput for an address that is neither on loopback nor encrypted.

    Whoever can talk to a scheduler of Dask, or answer in its place, runs code on the workers.
    """
    if address.startswith("tls://") or is_loopback(address):
        return
    allowed = (
        "an address on loopback, to which `ssh -L` can forward, or one that begins with tls://: "
        "whoever reaches a worker on another network can run code on it"
    )
    raise InvalidInput(field, address, allowed)
