"""Which hosts attachments come from: Discord's own, and those an operator names."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import Refusal
from bot.language import N_, _

DISCORD_HOSTS: Final = (
    "cdn.discordapp.com",
    "media.discordapp.net",
    "images-ext-1.discordapp.net",
    "images-ext-2.discordapp.net",
)
"""The CDN, its resizing side, and the two through which Discord shows what embeds link to."""

_HOST: Final = r"([a-z0-9.-]+|\[::1\])(?::(\d{1,5}))?"
_NAMED: Final = re.compile(_HOST, re.IGNORECASE | re.ASCII)
# One strict shape: no user info, no Unicode host, no backslash: no two parsers read it differently.
_ADDRESS: Final = re.compile(rf"(https?)://{_HOST}(?:[/?#][^\s\\]*)?", re.IGNORECASE | re.ASCII)
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses written as IPv6. Source: RFC 6052, section 2.1."""
_NEVER: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "::/96",  # IPv4 addresses, as they were once written as IPv6: RFC 4291, section 2.5.5.1
        "::ffff:0:0:0/96",  # the same, for translators: RFC 2765, section 2.1
        "64:ff9b:1::/48",  # translation inside a network: RFC 8215
        "fec0::/10",  # private networks, as they once were: RFC 3879
    )
)
"""Not public whatever they carry, though Python does not say so of each in every version."""
_NO_ADDRESS: Final = N_("That is not an attachment's address: attach the file itself.")


class Origins:
    """The allow-list.

    Args:
        extra_hosts: `host` or `host:port`, besides Discord's own; without a port, the usual one is meant.

    Raises:
        ValueError: a host that is no name, or an IP address other than the loopback.
    """

    def __init__(self, extra_hosts: Iterable[str] = ()) -> None:
        self._https = {(host, 443) for host in DISCORD_HOSTS}
        self._http: set[tuple[str, int]] = set()
        for named in extra_hosts:
            host, port = _host_and_port(named)
            self._https.add((host, port or 443))
            if is_loopback(host):
                self._http.add((host, port or 80))

    def check(self, url: str) -> URL:
        """The address, parsed.

        Raises:
            Refusal: it leads elsewhere. Only the host is named, because the query is signed.
        """
        shape = _ADDRESS.fullmatch(url)
        if shape is None:
            raise Refusal(_(_NO_ADDRESS))
        scheme, host, port = shape[1].lower(), shape[2].lower(), shape[3]
        usual, allowed = (443, self._https) if scheme == "https" else (80, self._http)
        if (host, int(port or usual)) not in allowed:
            raise Refusal(
                _("Attachments are not taken from {host}: attach the file itself.", host=f"{scheme}://{host}")
            )
        return self._parsed(url)

    def follow(self, url: URL, location: str) -> URL:
        """Where a redirect leads, under the same rules.

        Raises:
            Refusal: it leads elsewhere.
        """
        return self.check(str(url.join(self._parsed(location))))

    @staticmethod
    def _parsed(url: str) -> URL:
        try:
            return URL(url)
        except ValueError as error:
            raise Refusal(_(_NO_ADDRESS)) from error


class PublicResolver(AbstractResolver):
    """Looks names up, and leaves out private addresses, so that no name leads into our own network.

    The session connects to what this returns and asks nobody else, so a name whose address changes between
    the check and the connection gains nothing.

    The loopback's own names stay; `Origins` lets them through only where an operator has named them.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if is_loopback(host):
            return found
        public = [result for result in found if is_public(result["host"])]
        if not public:
            raise OSError(None, f"{host} has no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()


def open_session() -> aiohttp.ClientSession:
    """A session for downloads: public addresses only, no cookies, no proxy or password from the environment.

    To be called inside the event loop, and closed by the caller.
    """
    connector = aiohttp.TCPConnector(resolver=PublicResolver(aiohttp.ThreadedResolver()))
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def is_public(address: str) -> bool:
    """Whether an address is public, and so is any IPv4 address inside it."""
    outer = ipaddress.ip_address(address)
    inner = [outer]
    if isinstance(outer, ipaddress.IPv6Address):
        if any(outer in network for network in _NEVER):
            return False
        translated = ipaddress.IPv4Address(int(outer) & 0xFFFFFFFF) if outer in _TRANSLATED else None
        carried = (outer.ipv4_mapped, outer.sixtofour, *(outer.teredo or ()), translated)
        inner += [one for one in carried if one is not None]
    return all(one.is_global and not one.is_multicast for one in inner)


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in an address, names this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host_and_port(named: str) -> tuple[str, int | None]:
    shape = _NAMED.fullmatch(named)
    if shape is None:
        raise ValueError(f"{named!r} is not a host or host:port")
    host = shape[1].lower()
    if host.replace(".", "").isdigit() and not is_loopback(host):
        raise ValueError(f"{named!r} is an IP address: only the loopback may be named so")
    return host, int(shape[2]) if shape[2] else None
