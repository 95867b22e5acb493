"""Blobs in a bucket, over HTTP against moto's S3 server on loopback."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from bot.errors import Failure
from bot.media.blobs.folder import FolderBlobs, blobs_at
from bot.media.blobs.protocol import BlobMissing
from bot.media.blobs.s3 import BucketBlobs

PAST, FUTURE = 0.0, 1e11


def ask(method: str, url: str) -> None:
    urlopen(Request(url, method=method)).close()


def anybody_s(bucket: str) -> S3Store:
    """Another program that may use the bucket."""
    return S3Store(bucket, client_options={"allow_http": True})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a bucket, which the environment leads to."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "a key",
        "AWS_SECRET_ACCESS_KEY": "a secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    ask("PUT", f"{server}/pictures")
    yield "pictures"
    ask("POST", f"{server}/moto-api/reset")


@pytest.fixture
def blobs(bucket: str) -> BucketBlobs:
    return BucketBlobs("s3://pictures/easel")


def test_the_folder_is_the_default(bucket: str, tmp_path: Path) -> None:
    assert type(blobs_at(None, tmp_path)) is FolderBlobs
    assert type(blobs_at("s3://pictures", tmp_path)) is BucketBlobs


async def test_bytes_come_back_under_the_hash_of_their_content(blobs: BucketBlobs, bucket: str) -> None:
    key = await blobs.put(b"pixels" * 50_000)
    assert key == hashlib.sha256(b"pixels" * 50_000).hexdigest()
    assert await blobs.get(key) == b"pixels" * 50_000
    assert bytes(anybody_s(bucket).get(f"easel/{key[:2]}/{key}").bytes()) == b"pixels" * 50_000


async def test_without_a_prefix_the_bucket_is_ours_alone(bucket: str) -> None:
    key = await BucketBlobs("s3://pictures").put(b"pixels")
    assert bytes(anybody_s(bucket).get(f"{key[:2]}/{key}").bytes()) == b"pixels"


async def test_two_prefixes_share_nothing(blobs: BucketBlobs) -> None:
    key = await blobs.put(b"pixels")
    with pytest.raises(BlobMissing):
        await BucketBlobs("s3://pictures/other").get(key)


async def test_a_deleted_blob_is_missing_and_may_be_deleted_again(blobs: BucketBlobs) -> None:
    key = await blobs.put(b"pixels")
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(BlobMissing):
        await blobs.get(key)


@pytest.mark.parametrize("key", ["", "..", "../../secret", "A" * 64, "a" * 63, "/" + "a" * 63])
async def test_a_key_of_another_shape_is_missing_whatever_lies_there(blobs: BucketBlobs, key: str) -> None:
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.delete(key)
    assert not await blobs.delete_if_older(key, FUTURE)


async def test_damaged_bytes_are_missing_and_mended_by_the_next_put(blobs: BucketBlobs, bucket: str) -> None:
    key = await blobs.put(b"pixels")
    anybody_s(bucket).put(f"easel/{key[:2]}/{key}", b"pix")
    with pytest.raises(BlobMissing):
        await blobs.get(key)
    await blobs.put(b"pixels")
    assert await blobs.get(key) == b"pixels"


async def test_old_blobs_are_listed_and_nothing_else(blobs: BucketBlobs, bucket: str) -> None:
    keys = {await blobs.put(str(number).encode()) for number in range(5)}
    anybody_s(bucket).put("easel/notes.txt", b"somebody else's")
    await BucketBlobs("s3://pictures/other").put(b"another installation's")
    assert {key async for key in blobs.older_than(time.time() + 3600)} == keys
    assert [key async for key in blobs.older_than(time.time() - 3600)] == []


async def test_only_what_is_old_enough_is_deleted(blobs: BucketBlobs) -> None:
    key = await blobs.put(b"pixels")
    assert not await blobs.delete_if_older(key, PAST)
    assert await blobs.get(key) == b"pixels"
    assert await blobs.delete_if_older(key, FUTURE)
    assert not await blobs.delete_if_older(key, FUTURE)


async def test_a_bucket_that_is_not_there_is_a_failure(bucket: str) -> None:
    blobs = BucketBlobs("s3://no-such-bucket")
    with pytest.raises(Failure, match="there is no such bucket"):
        await blobs.put(b"pixels")


async def test_a_server_that_is_away_is_a_failure_without_its_address(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    blobs = BucketBlobs("s3://pictures")
    async with asyncio.timeout(60):
        with pytest.raises(Failure, match=r"^blob a+ cannot be read: GenericError$"):
            await blobs.get("a" * 64)
