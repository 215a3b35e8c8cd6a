"""What can be set of the server: flags before `DWLAB_*` environment, `.env`, a TOML file, defaults."""

from __future__ import annotations

import ipaddress
from pathlib import Path  # noqa: TC003  # pydantic reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

TOML = "dwlab.toml"  # in the folder where the server starts; its table [serve]
TOKEN_MIN = 8  # characters
Words = Annotated[list[str], NoDecode]  # in the environment: separated by commas


class Settings(BaseSettings):
    """The server's settings. The token has no flag: the list of processes would show it."""

    model_config = SettingsConfigDict(
        env_prefix="DWLAB_",
        env_file=".env",
        toml_file=TOML,
        toml_table_header=("serve",),
        extra="ignore",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, description="0 takes a free one")
    results: Path | None = None
    model: str = "shapes"
    models: Words = Field(
        [],
        description="models to offer beside `model` and those with a name in dwlab that are here",
    )
    device: str = "auto"
    token: SecretStr | None = Field(
        None, description="asked of every request, as a bearer token or as a password"
    )
    cors_origins: Words = ["http://localhost:3000"]
    allowed_hosts: Words = Field(
        [], description="names that the server is called by, beside its own; * for any"
    )
    rate_limit: int = Field(
        0, ge=0, description="requests a minute and client that change something; 0: no limit"
    )
    queue_limit: int = Field(100, ge=1, description="jobs that may wait")
    lease: float = Field(
        15.0, ge=0.2, le=30, description="seconds that a silent worker keeps its jobs"
    )
    attempts: int = Field(3, ge=1, description="times that a job is begun")
    together: int = Field(16, ge=1, le=64, description="jobs that may share forwards")
    max_images: int = Field(16, ge=1, le=64, description="pictures a request")
    max_steps: int = Field(150, ge=1, le=1000)
    max_pixels: int = Field(2048 * 2048, ge=64, description="width times height")
    max_cells: int = Field(1000, ge=1, description="pictures of a sweep")
    keep_days: float | None = Field(
        None, gt=0, description="remove pictures made here that are older"
    )
    keep_gb: float | None = Field(
        None, gt=0, description="remove the oldest pictures made here beyond this size"
    )
    keep_jobs_days: float = Field(30, gt=0, description="forget jobs that ended before that")
    keep_jobs_mb: float = Field(
        64, ge=8, description="forget the oldest jobs that ended beyond this size in all"
    )
    connections: int = Field(256, ge=8, description="open at once")
    connections_per_client: int = Field(
        128, ge=4, description="open at once, of one client's address"
    )
    slow_seconds: float = Field(
        20, gt=0, description="for a client to send a request, or to read on in an answer"
    )
    shutdown_seconds: float = Field(
        5, ge=0, description="for what runs to end, when the server is asked to stop"
    )

    @field_validator("models", "cors_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            [part.strip() for part in value.split(",") if part.strip()]
            if isinstance(value, str)
            else value
        )

    @field_validator("token", mode="before")
    @classmethod
    def _long_enough(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            return None
        if isinstance(value, str) and (
            len(value) < TOKEN_MIN or not value.isascii() or not value.isprintable()
        ):
            raise ValueError(f"a token has at least {TOKEN_MIN} printable ASCII characters")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's own signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, .env, TOML."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> list[str]:
        """The names that a request may call the server by; where there is a token, an address of any machine may do."""
        if self.host in ("0.0.0.0", "::", "") and not self.allowed_hosts:  # noqa: S104  # compared, not bound
            return ["*"]
        named = [name.lower() for name in (self.host, *self.allowed_hosts)]
        return [
            "localhost",
            "127.0.0.1",
            "[::1]",
            *named,
            *(f"[{name}]" for name in named if ":" in name),
        ]


def read(flags: Mapping[str, Any]) -> Settings:
    """The settings, with those of `flags` that are not None first; raises InvalidInput, which never shows a token.

    A server that others can reach needs a token.
    """
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            field, "***" if field == "token" else first["input"], first["msg"]
        ) from None
    except (OSError, ValueError) as error:  # a .env or TOML that cannot be read
        raise InvalidInput(
            TOML, "a file that cannot be read", f"TOML with a table [serve] ({error})"
        ) from None
    if not settings.loopback and settings.token is None:
        raise InvalidInput(
            "host",
            settings.host,
            "127.0.0.1, or any other with a token: set DWLAB_TOKEN, or `token` in .env or dwlab.toml",
        )
    return settings
