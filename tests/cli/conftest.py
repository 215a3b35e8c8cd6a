"""What tests of commands share."""

from __future__ import annotations

from hub_fixtures import cache, hub  # noqa: F401  # fixtures
