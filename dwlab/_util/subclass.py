"""Giving one object methods or properties that others of its class do not have."""

from __future__ import annotations

from typing import Any


def add_members(thing: object, **members: Any) -> None:
    """Make an object an instance of a subclass with these members, under its class's own name.

    Libraries look at an object's class by name and module, so the subclass keeps both.
    """
    cls = type(thing)
    subclass = type(cls.__name__, (cls,), {"__module__": cls.__module__, **members})
    object.__setattr__(thing, "__class__", subclass)
