"""The server's settings: flags before `DWLAB_*` environment, `.env`, a TOML file, defaults."""

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
from ..spec.compute import Compute
from ..spec.memory import parse as parse_memory
from ..spec.where import LOCAL
from ..spec.where import parse as parse_where

if TYPE_CHECKING:
    from collections.abc import Mapping

# in the folder where the server starts; the settings are its table [serve]
SETTINGS_FILE = "dwlab.toml"
TOKEN_MIN = 8  # characters
# separated by commas in the environment
Names = Annotated[list[str], NoDecode]


class ServerSettings(BaseSettings):
    """The server's settings. The token has no flag, because the list of processes would show it."""

    model_config = SettingsConfigDict(
        env_prefix="DWLAB_",
        env_file=".env",
        toml_file=SETTINGS_FILE,
        toml_table_header=("serve",),
        extra="ignore",
        frozen=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, description="0 takes a free port")
    results: Path | None = None
    model: str = "shapes"
    models: Names = Field(
        [],
        description="models to offer besides `model` and those of the catalog on this machine",
    )
    device: str = "auto"
    where: str = Field(
        LOCAL, description="which processes compute: local, cpu*2, cuda:*, dask://HOST:PORT"
    )
    memory: Names = Field([], description="auto, or measures that save memory")
    token: SecretStr | None = Field(
        None, description="required of every request, as a bearer token or as a password"
    )
    cors_origins: Names = ["http://localhost:3000"]
    allowed_hosts: Names = Field(
        [], description="host names of the server besides its own; * for any"
    )
    rate_limit: int = Field(
        0, ge=0, description="write requests per minute per client; 0: no limit"
    )
    queue_limit: int = Field(100, ge=1, description="jobs that may wait")
    lease: float = Field(
        15.0,
        ge=0.2,
        le=30,
        description="seconds that a worker keeps its jobs without a sign of life",
    )
    attempts: int = Field(
        3, ge=1, description="how often a job is begun before it counts as failed"
    )
    together: int = Field(16, ge=1, le=64, description="jobs that may be rendered together")
    max_images: int = Field(16, ge=1, le=64, description="pictures per request")
    max_steps: int = Field(150, ge=1, le=1000)
    max_pixels: int = Field(2048 * 2048, ge=64, description="width times height")
    max_cells: int = Field(1000, ge=1, description="pictures per sweep")
    upload_mb: float = Field(10, gt=0, le=100, description="size of a start picture's file")
    upload_pixels: int = Field(16_000_000, ge=64, description="width times height of one")
    uploads_mb: float = Field(1024, gt=0, description="size of all start pictures together")
    keep_days: float | None = Field(
        None, gt=0, description="remove pictures of the API that are older"
    )
    keep_gb: float | None = Field(
        None, gt=0, description="remove the oldest pictures of the API beyond this size"
    )
    keep_jobs_days: float = Field(30, gt=0, description="forget jobs that ended longer ago")
    keep_jobs_mb: float = Field(
        64, ge=8, description="forget the oldest jobs that ended beyond this size in total"
    )
    connections: int = Field(256, ge=8, description="open at once")
    connections_per_client: int = Field(
        128, ge=4, description="open at once from one client's address"
    )
    slow_seconds: float = Field(
        20, gt=0, description="for a client to send a request, or to continue reading an answer"
    )
    shutdown_seconds: float = Field(
        5, ge=0, description="for running jobs to end when the server is stopped"
    )

    @field_validator("memory", mode="after")
    @classmethod
    def _check_memory(cls, value: list[str]) -> list[str]:
        parse_memory(value)
        return value

    @field_validator("where", mode="after")
    @classmethod
    def _check_where(cls, value: str) -> str:
        parse_where(value)
        return value

    @field_validator("models", "memory", "cors_origins", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = [name.strip() for name in value.split(",")]
        return [name for name in names if name]

    @field_validator("token", mode="before")
    @classmethod
    def _check_token(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        if len(value) < TOKEN_MIN or not value.isascii() or not value.isprintable():
            raise ValueError(f"a token has at least {TOKEN_MIN} printable ASCII characters")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, .env, TOML."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def upload_bytes(self) -> int:
        """How large the file of a start picture may be."""
        return int(self.upload_mb * 1e6)

    @property
    def compute(self) -> Compute:
        """How pictures are computed."""
        return Compute(device=self.device, memory=parse_memory(self.memory), where=self.where)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> list[str]:
        """The names that a request may call the server by; `*` stands for any.

        A server on all addresses may be called by any name, because it has a token.
        """
        on_all_addresses = self.host in ("0.0.0.0", "::", "")  # noqa: S104  # compared, not bound
        if on_all_addresses and not self.allowed_hosts:
            return ["*"]
        names = [name.lower() for name in (self.host, *self.allowed_hosts)]
        in_brackets = [f"[{name}]" for name in names if ":" in name]
        return ["localhost", "127.0.0.1", "[::1]", *names, *in_brackets]


def read_settings(flags: Mapping[str, object]) -> ServerSettings:
    """The settings; those of `flags` that are not None come first.

    A server that other machines can reach needs a token. Raises InvalidInput, which never shows a
    token.
    """
    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = ServerSettings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        value = "***" if field == "token" else first["input"]
        raise InvalidInput(field, value, first["msg"]) from None
    except (OSError, ValueError) as error:  # a .env or TOML that cannot be read
        allowed = f"TOML with a table [serve] ({error})"
        raise InvalidInput(SETTINGS_FILE, "a file that cannot be read", allowed) from None
    if not settings.loopback and settings.token is None:
        allowed = (
            "127.0.0.1, or any other address with a token: set DWLAB_TOKEN, or `token` in .env or "
            "dwlab.toml"
        )
        raise InvalidInput("host", settings.host, allowed)
    return settings
