import socket
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import Refusal
from bot.media.origins import DISCORD_HOSTS, Origins, PublicResolver, is_public

SIGNED = "https://cdn.discordapp.com/attachments/1/2/cat.png?ex=66&is=65&hm=secret"


class Names(AbstractResolver):
    """Every name has these addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "url",
    [
        SIGNED,
        "https://media.discordapp.net/a.png",
        "https://images-ext-1.discordapp.net/external/x/https/example.org/a.png",
        "https://images-ext-2.discordapp.net/a.png",
        "https://cdn.discordapp.com:443/a.png",
        "HTTPS://CDN.discordapp.com/a.png",
        "https://cdn.discordapp.com",
        "https://cdn.discordapp.com/1/grün und.png".replace(" ", "%20"),
    ],
)
def test_discords_own_addresses_are_taken(url: str) -> None:
    assert Origins().check(url).host in DISCORD_HOSTS


def test_no_other_host_is_discord_s() -> None:
    assert set(DISCORD_HOSTS) == {
        "cdn.discordapp.com",
        "media.discordapp.net",
        "images-ext-1.discordapp.net",
        "images-ext-2.discordapp.net",
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cat.png",
        "//cdn.discordapp.com/a.png",
        "http://cdn.discordapp.com/a.png?hm=secret",
        "ftp://cdn.discordapp.com/a.png?hm=secret",
        "file:///etc/passwd",
        "https://images-ext-3.discordapp.net/a.png?hm=secret",
        "https://discordapp.net/a.png?hm=secret",
        "https://example.org/images-ext-1.discordapp.net/a.png?hm=secret",
        "https://cdn.discordapp.com:8443/a.png?hm=secret",
        "https://cdn.discordapp.com:0/a.png?hm=secret",
        "https://cdn.discordapp.com:99999/a.png?hm=secret",
        "https://cdn.discordapp.com./a.png?hm=secret",
        "https://user@cdn.discordapp.com/a.png?hm=secret",
        "https://user:secret@cdn.discordapp.com/a.png",
        "https://cdn.discordapp.com@evil.example/a.png?hm=secret",
        "https://evil.example\\@cdn.discordapp.com/a.png?hm=secret",
        "https://evil.example#@cdn.discordapp.com/?hm=secret",
        "https://cdn.discordapp.com.evil.example/a.png?hm=secret",
        "https://evil.cdn.discordapp.com/a.png?hm=secret",
        "https://cdn。discordapp。com/a.png?hm=secret",
        "https://сdn.discordapp.com/a.png?hm=secret",  # noqa: RUF001 - a Cyrillic letter is the case
        "https://127.0.0.1/a.png?hm=secret",
        "https://2130706433/a.png?hm=secret",
        "https://[::1]/a.png?hm=secret",
        "https://[::ffff:127.0.0.1]/a.png?hm=secret",
        "https://169.254.169.254/latest?hm=secret",
        "https://localhost/a.png?hm=secret",
        "https://cdn.discordapp.com/a.png?hm=secret\nHost: x",
        " https://cdn.discordapp.com/a.png?hm=secret",
    ],
)
def test_all_other_addresses_are_refused_without_their_query(url: str) -> None:
    with pytest.raises(Refusal, match="attach the file itself") as refusal:
        Origins().check(url)
    assert "secret" not in str(refusal.value)


def test_a_named_host_is_taken_over_https_at_its_port_only() -> None:
    origins = Origins(["images.example", "proxy.example:8443"])
    assert origins.check("https://images.example/a").port == 443
    assert origins.check("https://proxy.example:8443/a").port == 8443
    for url in ("http://images.example/a", "https://images.example:8443/a", "https://proxy.example/a"):
        with pytest.raises(Refusal):
            origins.check(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_named_loopback_host_may_be_plain_http(host: str) -> None:
    origins = Origins([f"{host}:8080", host])
    for address in (f"http://{host}:8080/a", f"https://{host}:8080/a", f"http://{host}/a"):
        assert origins.check(address) == URL(address)
    with pytest.raises(Refusal):
        origins.check(f"http://{host}:8081/a")


@pytest.mark.parametrize(
    "named", ["", "https://images.example", "a b", "user@images.example", "10.0.0.7", "a:b"]
)
def test_a_setting_that_is_no_host_is_an_error_at_start(named: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host|is an IP address"):
        Origins([named])


def test_redirects_are_held_to_the_same_rules() -> None:
    origins, start = Origins(), URL(SIGNED)
    assert origins.follow(start, "/b.png") == URL("https://cdn.discordapp.com/b.png")
    assert origins.follow(start, "https://media.discordapp.net/b").host == "media.discordapp.net"
    for location in (
        "http://cdn.discordapp.com/b",
        "https://evil.example/b",
        "//evil.example/b",
        "https://[/",
        "data:,",
    ):
        with pytest.raises(Refusal):
            origins.follow(start, location)


async def test_names_that_lead_to_private_addresses_are_not_resolved() -> None:
    for private in (
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fe80::1%2",
        "fd00::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:5ef5:79fb:0:0:80ff:fffe",
    ):
        with pytest.raises(OSError, match="has no public address"):
            await PublicResolver(Names(private)).resolve("cdn.discordapp.com", 443)


async def test_of_several_addresses_the_public_ones_are_kept() -> None:
    resolver = PublicResolver(Names("10.0.0.1", "162.159.130.233", "2606:4700::1"))
    found = await resolver.resolve("cdn.discordapp.com", 443)
    assert [result["host"] for result in found] == ["162.159.130.233", "2606:4700::1"]
    await resolver.close()


async def test_the_loopbacks_own_name_may_lead_to_the_loopback() -> None:
    assert len(await PublicResolver(Names("127.0.0.1")).resolve("localhost", 80)) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("64:ff9b:1::1", "64:ff9b:1:a00:0:100::", "64:ff9b:1:ffff::8.8.8.8"),
        *("::8.8.8.8", "::10.0.0.1", "::a00:1"),
        *("::ffff:0:8.8.8.8", "::ffff:0:10.0.0.1"),
        *("fec0::1", "feff::8"),
    ],
)
def test_addresses_for_translation_and_of_old_private_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_the_page_on_security_names_every_host() -> None:
    page = (Path(__file__).parents[3] / "docs" / "SECURITY.md").read_text()
    assert all(f"`{host}`" in page for host in DISCORD_HOSTS)
