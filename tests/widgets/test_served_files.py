"""Which files Jupyter serves, and at which address."""

from __future__ import annotations

from pathlib import Path

from dwlab.widgets.served_files import links


def test_what_lies_below_jupyters_folder_has_an_address_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    names = ["results/a b#?%.html", "results/.hidden/x.html", "results/x.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = {name: tmp_path / name for name in names}
    files |= {"folder": tmp_path / "results", "gone": tmp_path / "gone", "else": Path("/bin/sh")}
    addresses = {link["label"]: link["address"] for link in links(files, "~")}
    assert addresses == {
        names[0]: "results/a%20b%23%3F%25.html",
        names[1]: "",
        names[2]: "results/x.csv",
        "folder": "",
        "else": "",
    }
    assert {link["address"] for link in links(files, "")} == {""}
    assert {link["address"] for link in links(files, "\0" + "x" * 9000)} == {""}
