"""The web part: `/healthz`, `/readyz` and `/metrics` on a port of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.errors import Refusal
from bot.web import readiness
from bot.web.meters import Watched
from bot.web.scrape import Scraper

log = structlog.get_logger(__name__)

NO_CACHE = {"Cache-Control": "no-store"}


@asynccontextmanager
async def open_web(watched: Watched, *, host: str, port: int) -> AsyncIterator[str | None]:
    """Serves until the context ends; its address, or None where `port` is 0: then there is no web part.

    Raises:
        Refusal: the port is taken, or not ours to take.
    """
    if port == 0:
        yield None
        return
    runner = web.AppRunner(application(watched), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise Refusal(
                f"EASEL_WEB_PORT: port {port} of {host} cannot be used ({error.strerror}): "
                "choose another, or 0 for none."
            ) from error
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        log.info("web part ready", address=address)
        yield address
    finally:
        await runner.cleanup()


def application(watched: Watched) -> web.Application:
    app = web.Application()
    handlers = _Handlers(watched)
    app.router.add_get("/healthz", handlers.live)
    app.router.add_get("/readyz", handlers.ready)
    app.router.add_get("/metrics", handlers.metrics)
    return app


class _Handlers:
    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._scraper = Scraper(watched)

    async def live(self, _request: web.Request) -> web.Response:
        """The event loop runs. Nothing else is asked, for a restart would repair nothing else."""
        return web.json_response({"alive": True}, headers=NO_CACHE)

    async def ready(self, _request: web.Request) -> web.Response:
        checks = await readiness.examine(self._watched)
        ready = all(check.well for check in checks.values())
        body = {"ready": ready, "checks": {name: asdict(check) for name, check in checks.items()}}
        return web.json_response(body, status=200 if ready else 503, headers=NO_CACHE)

    async def metrics(self, _request: web.Request) -> web.Response:
        body = await self._scraper.exposition()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_CACHE})
