"""The gateway process: the service on Discord, and its web part, until it is stopped."""

import aiohttp
import discord
import structlog

from bot.chat.client import EaselClient, use_stand_in
from bot.chat.ui.transport import retry_interactions
from bot.engines.supervisor import WORKER_MODULE
from bot.errors import Refusal
from bot.service import Application, open_application, run_until, senders, stop_on_signals
from bot.settings import Settings
from bot.telemetry import start_sentry
from bot.web.machine import FolderSize
from bot.web.meters import Watched
from bot.web.server import open_web

log = structlog.get_logger(__name__)


async def run(settings: Settings, *, worker_module: str = WORKER_MODULE) -> None:
    """The bot on Discord, until SIGTERM or SIGINT. worker_module: see `open_application`.

    Raises:
        Refusal: the token is missing, Discord refuses it, or it cannot be reached.
    """
    if settings.discord_token is None:
        raise Refusal("There is no DISCORD_TOKEN: set it in the environment or in .env.")
    if settings.sentry_dsn is not None:
        start_sentry(settings.sentry_dsn.get_secret_value())
    if settings.discord_api_url and settings.discord_gateway_url:
        use_stand_in(api_url=settings.discord_api_url, gateway_url=settings.discord_gateway_url)
    retry_interactions()
    token = settings.discord_token.get_secret_value()
    with stop_on_signals() as stop:
        count, ids = settings.shard_count, settings.shard_ids
        async with (
            open_application(settings, worker_module=worker_module) as application,
            EaselClient(
                application.services,
                shard_count=count,
                shard_ids=ids,
                http_trace=application.meters.discord.trace(),
            ) as client,
            open_web(_watched(settings, application, client), host=settings.web_host, port=settings.web_port),
        ):
            await _log_in(client, token)
            listening = [application.listener.run] if application.listener else []
            sending = senders(client, application.services)
            parts = (
                application.services.in_hand.run,
                client.connect,
                *listening,
                *sending,
                application.sweeper.run,
                application.supervisor.run,
            )
            await run_until(stop, *parts)
    log.info("stopped")


def _watched(settings: Settings, application: Application, client: EaselClient) -> Watched:
    return Watched(
        database=application.services.database,
        gateway=client,
        meters=application.meters,
        workers=application.supervisor.pids,
        own_workers=application.own_workers,
        data_dir=settings.data_dir,
        blobs=None if settings.blobs_url else FolderSize(settings.blobs_dir),
    )


async def _log_in(client: EaselClient, token: str) -> None:
    try:
        await client.login(token)
    except discord.LoginFailure as error:
        raise Refusal("Discord refused the token: check DISCORD_TOKEN.") from error
    except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
        raise Refusal("Discord could not be reached: check this machine's way to the internet.") from error
