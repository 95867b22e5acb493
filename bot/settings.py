"""Settings: the environment, read once by the roots, as one frozen object.

Secrets may be in files: `DISCORD_TOKEN_FILE=/run/secrets/token` stands for `DISCORD_TOKEN`, as in containers.
A file is not seen in a process list, in a container's description, or by whoever may read the environment.
"""

import re
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import Refusal

MIB = 1024 * 1024
FOR_WORKERS = (
    *("log_level", "lease_s", "stall_s", "stop_timeout_s", "max_attempts", "running_per_user"),
    *("timelapse", "batch"),
)
SCHEME = re.compile("^postgres(ql)?://")
"""The short form that many providers give."""
HOST = re.compile(r"([a-z0-9.-]+|\[::1\])(:\d{1,5})?")

SECRETS_FOR_GATEWAY: Final = ("DISCORD_TOKEN",)
SECRETS_FOR_ALL: Final = (
    "EASEL_DATABASE_URL",
    "EASEL_SENTRY_DSN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
"""What workers need as well."""
MAX_SECRET_BYTES: Final = 64 * 1024


class Settings(BaseSettings):
    """Everything an operator can set. Names in the environment are upper case with the prefix `EASEL_`.

    Raises:
        ValidationError: a value is out of its range; `sentence_of` says which, and no error holds a value.
        Refusal: the file .env is not UTF-8.
    """

    model_config = SettingsConfigDict(
        env_prefix="EASEL_",
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        # A rule over several settings has all of them as its input, the token among them.
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except UnicodeDecodeError:
            raise Refusal(f"{Path('.env').absolute()} is not UTF-8: save it as UTF-8.") from None

    discord_token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN")
    discord_api_url: str | None = Field(None, pattern="^https?://")
    discord_gateway_url: str | None = Field(None, pattern="^wss?://")
    privacy_url: str | None = Field(
        None, pattern="^https?://", description="an address with https://", max_length=512
    )
    attachment_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    shard_count: int | None = Field(None, ge=1, le=10_000)
    shard_ids: Annotated[tuple[int, ...], NoDecode] = ()

    data_dir: Path = Path("easel-data")
    database_url: str | None = Field(None, repr=False)  # it may hold a password
    blobs_url: str | None = Field(
        None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?$",
        description="a bucket such as s3://pictures/easel",
    )
    web_host: str = "127.0.0.1"
    web_port: int = Field(8787, ge=0, le=65535)
    sentry_dsn: SecretStr | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    device: str = Field(
        "auto", pattern=r"^(cpu|mps|(auto|cuda)(:\d+)?)$", description="auto, cpu, cuda, cuda:N or mps"
    )
    workers: int | None = Field(None, ge=0, le=64)
    batch: str = Field("auto", pattern=r"^(auto|[1-9]|[12]\d|3[0-2])$", description="auto, or 1 to 32")
    lease_s: float = Field(20.0, ge=2, le=600)
    stall_s: float = Field(120.0, ge=2, le=3600)
    max_attempts: int = Field(3, ge=1, le=20)
    stop_timeout_s: float = Field(10.0, ge=0, le=600)

    content_check: Literal["auto", "off", "spoiler", "refuse"] = "auto"
    content_threshold: float = Field(0.8, gt=0, le=1)

    timelapse: bool = True

    max_attachment_mib: float = Field(25.0, gt=0, le=500)
    fetch_timeout_s: float = Field(30.0, ge=1, le=600)
    max_pixels: int = Field(120_000_000, ge=10_000)
    max_input_px: int = Field(2048, ge=64, le=8192)
    max_size_px: int = Field(1024, ge=64, le=4096)
    default_size_px: int | None = Field(None, ge=64, le=4096)
    clip_frames: int = Field(48, ge=1, le=300)
    clip_seconds: float = Field(6.0, gt=0, le=60)
    clip_px: int = Field(256, ge=64, le=1024)
    jobs_per_user: int = Field(3, ge=1, le=1000)
    jobs_per_day: int | None = Field(None, ge=1, le=100_000)
    running_per_user: int = Field(2, ge=1, le=1000)
    requests_per_minute: int = Field(30, ge=1, le=10_000)
    requests_per_minute_of_server: int = Field(300, ge=1, le=100_000)
    jobs_queued: int = Field(200, ge=1, le=100_000)
    presets_per_user: int = Field(20, ge=1, le=1000)
    presets_per_server: int = Field(50, ge=1, le=1000)

    in_flight_mib: float = Field(256.0, gt=0, le=1_000_000)
    stored_mib_per_user: int = Field(2048, ge=1, le=1_000_000_000)
    stored_mib: int | None = Field(None, ge=1, le=1_000_000_000)
    reserve_mib: int = Field(512, ge=0, le=1_000_000_000)

    keep_inputs_days: int = Field(30, ge=0, le=36_500)
    keep_results_days: int = Field(180, ge=0, le=36_500)
    keep_jobs_days: int = Field(0, ge=0, le=36_500)
    keep_left_servers_days: int = Field(7, ge=1, le=36_500)

    @field_validator("attachment_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(host.strip().lower() for host in value.split(",") if host.strip())

    @field_validator("attachment_hosts")
    @classmethod
    def _hosts_without_scheme(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not HOST.fullmatch(host):
                raise ValueError("each must be host or host:port, without https:// or a path")
        return hosts

    @field_validator("shard_ids", mode="before")
    @classmethod
    def _split_shards(cls, value: object) -> object:
        """All numbers of a list like 0-3,7."""
        if not isinstance(value, str):
            return value
        if not re.fullmatch(r"\d{1,4}(-\d{1,4})?(\s*,\s*\d{1,4}(-\d{1,4})?)*", value):
            raise ValueError("write numbers and ranges with commas between, such as 0-3,7")
        ranges = [[int(end) for end in part.split("-")] for part in value.split(",")]
        return tuple(sorted({shard for ends in ranges for shard in range(ends[0], ends[-1] + 1)}))

    @field_validator("database_url")
    @classmethod
    def _known_driver(cls, url: str | None) -> str | None:
        if url and not re.match(r"(sqlite\+aiosqlite|postgresql(\+psycopg)?|postgres)://", url):
            raise ValueError("it must begin with postgresql+psycopg:// or sqlite+aiosqlite://")
        if url and not _is_address(url):
            raise ValueError("special characters in its password are written percent-encoded: %40 for @")
        return url

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _both_urls_or_neither(self) -> Self:
        if (self.discord_api_url is None) != (self.discord_gateway_url is None):
            raise ValueError(
                "set EASEL_DISCORD_API_URL and EASEL_DISCORD_GATEWAY_URL together: "
                "with one alone the token would go to the real Discord"
            )
        if self.shard_ids and (self.shard_count is None or self.shard_ids[-1] >= self.shard_count):
            raise ValueError("EASEL_SHARD_IDS needs an EASEL_SHARD_COUNT that is larger than each of them")
        if (self.default_size_px or 0) > self.max_size_px:
            raise ValueError("EASEL_DEFAULT_SIZE_PX must not exceed EASEL_MAX_SIZE_PX")
        return self

    @property
    def url(self) -> str:
        """The database as a SQLAlchemy URL; a SQLite file in the data folder unless set."""
        if self.database_url:
            return SCHEME.sub("postgresql+psycopg://", self.database_url)
        # A folder's name may contain characters that have a meaning in URLs.
        file = str(self.data_dir.absolute() / "easel.db")
        return URL.create("sqlite+aiosqlite", database=file).render_as_string(hide_password=False)

    @property
    def blobs_dir(self) -> Path:
        return self.data_dir / "blobs"

    def for_workers(self) -> dict[str, str]:
        """The environment in which a worker finds this very database and these blobs; it holds no token."""
        values = {name: getattr(self, name) for name in FOR_WORKERS}
        # In full, because what is unset here may be set in the environment that a worker inherits.
        values |= {"data_dir": self.data_dir.absolute(), "database_url": self.url}
        values |= {"blobs_url": self.blobs_url or ""}
        return {f"EASEL_{name.upper()}": str(value) for name, value in values.items()}


def _is_address(url: str) -> bool:
    """Whether the URL can be taken apart: a raw @ in a password would send a part of it to a name server."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return False
    places = [parts.host] if parts.get_backend_name() == "sqlite" else [parts.host, parts.database]
    return not any("@" in (place or "") for place in places)


def sentence_of(error: ValidationError) -> str:
    """What is wrong with the settings, for the operator: each setting by its name in the environment."""
    faults = []
    for fault in error.errors(include_input=False, include_url=False):
        name = "_".join(map(str, fault["loc"][:1])).upper()
        name = name if name.startswith("DISCORD_TOKEN") or not name else f"EASEL_{name}"
        said = fault["msg"].removeprefix("Value error, ")
        wanted = Settings.model_fields[str(fault["loc"][0])].description if fault["loc"] else None
        if wanted and fault["type"] == "string_pattern_mismatch":  # patterns are not for people
            said = f"it must be {wanted}"
        faults.append(": ".join(filter(None, (name, said))))
    return "; ".join(faults)


def read_secret_files(environment: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Puts the contents of each NAME_FILE into NAME; the first is taken away, for children inherit both.

    Raises:
        Refusal: a file cannot be read, is empty, or NAME is set as well.
    """
    for name in names:
        path = environment.pop(f"{name}_FILE", "").strip()
        if not path:
            continue
        if environment.get(name):
            raise Refusal(f"{name} and {name}_FILE are both set: keep one of them.")
        environment[name] = _secret_in(name, Path(path))


def _secret_in(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            secret = file.read(MAX_SECRET_BYTES).decode().strip()
    except OSError as error:
        raise Refusal(f"{name}_FILE: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise Refusal(f"{name}_FILE: {path} is not text.") from None
    if not secret:
        raise Refusal(f"{name}_FILE: {path} is empty.")
    return secret
