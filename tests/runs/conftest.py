from hub_fixtures import cache, hub  # noqa: F401  # fixtures
