"""The environment as settings: ranges, secrets and their files, and that each stands in the docs."""

import re
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import make_url

from bot.errors import Refusal
from bot.settings import SECRETS_FOR_ALL, SECRETS_FOR_GATEWAY, Settings, read_secret_files, sentence_of
from tests.support.easel import easel

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
TOKEN = "MTk4NjIyNDgzNDcx.fake.token"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env here
    for name in names_in_environment():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def names_in_environment() -> list[str]:
    return [
        str(field.validation_alias or f"EASEL_{name.upper()}")
        for name, field in Settings.model_fields.items()
    ]


def refused(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """The operator's sentence about a bad environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refusal:
        Settings()
    return sentence_of(refusal.value)


def test_an_empty_environment_is_enough() -> None:
    settings = Settings()
    assert settings.discord_token is None
    assert settings.url.endswith("/easel-data/easel.db")
    assert settings.blobs_dir == Path("easel-data/blobs")


def test_settings_are_read_from_the_environment_and_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\nEASEL_WORKERS=3\n")
    monkeypatch.setenv("EASEL_WORKERS", "2")
    settings = Settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.workers == 2


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8_is_one_sentence(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_text("# für Easel\nEASEL_WORKERS=3\n", encoding=encoding)
    with pytest.raises(Refusal, match=r"\.env is not UTF-8: save it as UTF-8\."):
        Settings()


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EASEL_WORKERS=3\n", encoding="utf-8-sig")
    assert Settings().workers == 3


@pytest.mark.parametrize(
    "address",
    ["user:hush@hush@host/easel", "user:hush@hush/1@host/easel", "user:hush@hush:x@host/easel"],
)
def test_a_password_with_a_raw_at_sign_is_refused_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    sentence = refused(monkeypatch, EASEL_DATABASE_URL=f"postgresql+psycopg://{address}")
    assert sentence == (
        "EASEL_DATABASE_URL: special characters in its password are written percent-encoded: %40 for @"
    )


def test_a_password_with_an_encoded_at_sign_and_a_folder_with_a_raw_one_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for address in ("postgresql+psycopg://user:a%40b@host/easel", "sqlite+aiosqlite:////srv/a@b/easel.db"):
        monkeypatch.setenv("EASEL_DATABASE_URL", address)
        assert Settings().url == address


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "")
    monkeypatch.setenv("EASEL_WORKERS", "")
    assert Settings().discord_token is None
    assert Settings().workers is None


def test_blanks_around_the_token_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", f" {TOKEN}\n")
    token = Settings().discord_token
    assert token is not None
    assert token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    ("name", "value"),
    [("EASEL_DISCORD_API_URL", "https://proxy/api"), ("EASEL_DISCORD_GATEWAY_URL", "wss://proxy")],
)
def test_one_discord_url_alone_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert "the token would go to the real Discord" in refused(monkeypatch, **{name: value})


def test_both_discord_urls_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_DISCORD_API_URL", "http://127.0.0.1:8080/api")
    monkeypatch.setenv("EASEL_DISCORD_GATEWAY_URL", "ws://127.0.0.1:8080/gateway")
    assert Settings().discord_gateway_url == "ws://127.0.0.1:8080/gateway"


def test_hosts_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_ATTACHMENT_HOSTS", " 127.0.0.1:8080, CDN.example ,,[::1]:80")
    assert Settings().attachment_hosts == ("127.0.0.1:8080", "cdn.example", "[::1]:80")


@pytest.mark.parametrize("host", ["https://cdn.example", "cdn.example/files", "user@cdn.example", "a b"])
def test_a_host_that_could_never_match_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    sentence = refused(monkeypatch, EASEL_ATTACHMENT_HOSTS=host)
    assert sentence == "EASEL_ATTACHMENT_HOSTS: each must be host or host:port, without https:// or a path"


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("EASEL_WORKERS", "65", "64"),
        ("EASEL_WORKERS", "many", "integer"),
        ("EASEL_LEASE_S", "1", "2"),
        ("EASEL_MAX_ATTEMPTS", "0", "1"),
        ("EASEL_MAX_ATTACHMENT_MIB", "0", "0"),
        ("EASEL_MAX_SIZE_PX", "63", "64"),
        ("EASEL_MAX_SIZE_PX", "4097", "4096"),
        ("EASEL_JOBS_PER_USER", "-1", "1"),
        ("EASEL_LOG_LEVEL", "chatty", "WARNING"),
        ("EASEL_DEVICE", "gpu", "cuda"),
        ("EASEL_DEVICE", "gpu", "auto, cpu, cuda, cuda:N or mps"),
        ("EASEL_BATCH", "33", "auto, or 1 to 32"),
        ("EASEL_PRIVACY_URL", "ftp://easel.example", "an address with https://"),
        ("EASEL_DISCORD_API_URL", "proxy", "https?"),
    ],
)
def test_a_value_out_of_range_names_the_setting_and_the_limit(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, limit: str
) -> None:
    sentence = refused(monkeypatch, **{name: value})
    assert sentence.startswith(f"{name}: ")
    assert limit in sentence


def test_the_default_size_stays_below_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = refused(monkeypatch, EASEL_DEFAULT_SIZE_PX="512", EASEL_MAX_SIZE_PX="256")
    assert sentence == "EASEL_DEFAULT_SIZE_PX must not exceed EASEL_MAX_SIZE_PX"


@pytest.mark.parametrize("level", ["debug", "Warning", "ERROR"])
def test_log_levels_are_taken_in_any_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("EASEL_LOG_LEVEL", level)
    assert Settings().log_level == level.upper()


def test_no_secret_shows_in_the_settings_or_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("EASEL_DATABASE_URL", "postgresql+psycopg://easel:hunter2@db/easel")
    settings = Settings()
    structlog.get_logger("test").info("settings", settings=settings, token=settings.discord_token)
    shown = repr(settings) + str(settings) + capsys.readouterr().out
    assert "discord_token" in shown
    assert TOKEN not in shown
    assert "hunter2" not in shown


def test_no_secret_shows_in_an_error_about_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("EASEL_DATABASE_URL", "postgresql+psycopg://easel:hunter2@db/easel")
    monkeypatch.setenv("EASEL_DISCORD_API_URL", "https://proxy/api")
    with pytest.raises(ValidationError) as refusal:
        Settings()
    shown = repr(refusal.value) + str(refusal.value) + sentence_of(refusal.value)
    assert "EASEL_DISCORD_GATEWAY_URL" in shown
    assert TOKEN not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("folder", ["plain", "with blanks", "50%", "what?", "a#b", "käse"])
def test_any_folder_can_hold_the_database(folder: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / folder)
    assert make_url(settings.url).database == str(tmp_path / folder / "easel.db")


def test_a_worker_finds_the_same_database_and_blobs_and_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EASEL_DATABASE_URL", "sqlite+aiosqlite:////elsewhere.db")
    ours = Settings(
        DISCORD_TOKEN=TOKEN, data_dir="here", database_url=None, lease_s=7, max_attempts=5, log_level="ERROR"
    )
    for name, value in ours.for_workers().items():
        assert TOKEN not in value
        monkeypatch.setenv(name, value)
    theirs = Settings()
    assert (theirs.url, theirs.blobs_dir) == (ours.url, tmp_path / "here" / "blobs")
    assert (theirs.lease_s, theirs.max_attempts, theirs.log_level) == (7, 5, "ERROR")


def test_settings_cannot_be_changed() -> None:
    settings: Any = Settings()
    with pytest.raises(ValidationError):
        settings.workers = 3


def test_every_setting_stands_in_the_docs_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", DOCS.read_text(), flags=re.MULTILINE))
    expected = {
        name: default_in_docs(field.default)
        for name, field in zip(names_in_environment(), Settings.model_fields.values(), strict=True)
    }
    assert rows == expected, f"missing: {sorted(expected.keys() - rows.keys())}"


def default_in_docs(value: object) -> str:
    return "unset" if value is None or value == () else f"`{value}`"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgresql://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("postgresql+psycopg://u:p@h/n", "postgresql+psycopg://u:p@h/n"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite:///x.db"),
    ],
)
def test_a_database_may_be_written_as_its_provider_writes_it(given: str, read: str) -> None:
    assert Settings(database_url=given).url == read


@pytest.mark.parametrize("given", ["mysql://u:secret@h/n", "postgresql+asyncpg://u:secret@h/n", "secret"])
def test_a_database_of_another_kind_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database_url=given)
    assert "EASEL_DATABASE_URL: it must begin with postgresql+psycopg://" in sentence_of(refused.value)
    assert "secret" not in f"{refused.value}{sentence_of(refused.value)}"


@pytest.mark.parametrize("given", ["s3://pictures", "s3://pictures/easel/one", "s3://a.b-c/"])
def test_blobs_may_be_in_a_bucket_and_workers_are_told(given: str) -> None:
    settings = Settings(blobs_url=given)
    assert settings.for_workers()["EASEL_BLOBS_URL"] == given
    assert Settings().for_workers()["EASEL_BLOBS_URL"] == ""


@pytest.mark.parametrize("given", ["pictures", "https://host/pictures", "s3://", "s3://UPPER", "s3://b/a b"])
def test_a_bucket_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(blobs_url=given)


def test_a_gateway_may_be_some_of_the_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_SHARD_COUNT", "8")
    monkeypatch.setenv("EASEL_SHARD_IDS", "0-2, 7,1")
    assert (Settings().shard_count, Settings().shard_ids) == (8, (0, 1, 2, 7))


@pytest.mark.parametrize(("ids", "count"), [("0-3", ""), ("8", "8"), ("a", "8"), ("1-", "8"), ("-1", "8")])
def test_shards_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, ids: str, count: str) -> None:
    monkeypatch.setenv("EASEL_SHARD_COUNT", count)
    monkeypatch.setenv("EASEL_SHARD_IDS", ids)
    with pytest.raises(ValidationError):
        Settings()


def test_a_file_stands_for_the_variable_and_its_name_is_taken_away(secret_file: Path) -> None:
    environment = {
        "DISCORD_TOKEN_FILE": str(secret_file),
        "AWS_ACCESS_KEY_ID_FILE": str(secret_file),
        "HOME": "/",
    }
    read_secret_files(environment, [*SECRETS_FOR_GATEWAY, *SECRETS_FOR_ALL])
    assert environment == {"DISCORD_TOKEN": TOKEN, "AWS_ACCESS_KEY_ID": TOKEN, "HOME": "/"}
    read_secret_files(environment, [*SECRETS_FOR_GATEWAY, *SECRETS_FOR_ALL])
    assert environment["DISCORD_TOKEN"] == TOKEN


def test_a_worker_does_not_read_the_token(secret_file: Path) -> None:
    environment = {"DISCORD_TOKEN_FILE": str(secret_file)}
    read_secret_files(environment, SECRETS_FOR_ALL)
    assert TOKEN not in environment.values()


def test_an_empty_name_counts_as_unset() -> None:
    environment = {"DISCORD_TOKEN_FILE": " ", "DISCORD_TOKEN": TOKEN}
    read_secret_files(environment, SECRETS_FOR_GATEWAY)
    assert environment == {"DISCORD_TOKEN": TOKEN}


@pytest.mark.parametrize(
    ("data", "expected"),
    [(None, "cannot be read: No such file"), (b" \n", "is empty"), (b"\xff\xfe", "is not text")],
)
def test_a_file_without_a_secret_is_one_sentence(tmp_path: Path, data: bytes | None, expected: str) -> None:
    path = tmp_path / "token"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Refusal, match=f"^DISCORD_TOKEN_FILE: .*{expected}"):
        read_secret_files({"DISCORD_TOKEN_FILE": str(path)}, SECRETS_FOR_GATEWAY)


def test_both_are_refused_without_either_being_shown(secret_file: Path) -> None:
    with pytest.raises(Refusal, match="DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set") as refusal:
        read_secret_files(
            {"DISCORD_TOKEN_FILE": str(secret_file), "DISCORD_TOKEN": "other"}, SECRETS_FOR_GATEWAY
        )
    assert TOKEN not in str(refusal.value)


def test_the_command_line_reads_them(secret_file: Path, tmp_path: Path) -> None:
    urls = {"EASEL_DISCORD_API_URL": "http://127.0.0.1:9", "EASEL_DISCORD_GATEWAY_URL": "ws://127.0.0.1:9"}
    done = easel("run", cwd=tmp_path, DISCORD_TOKEN_FILE=str(secret_file), EASEL_WORKERS="0", **urls)
    assert "Discord could not be reached" in done.stderr, "with a token it asks Discord, not for a token"
    assert TOKEN not in done.stderr + done.stdout
    done = easel("migrate", cwd=tmp_path, EASEL_DATABASE_URL_FILE=str(tmp_path / "not-there"))
    assert (done.returncode, "EASEL_DATABASE_URL_FILE" in done.stderr) == (1, True)
