"""`easel alive`: whether a worker of this machine has a heartbeat, for the health check of its container."""

import socket
import time

from sqlalchemy.exc import SQLAlchemyError

from bot.db import Database
from bot.domain.jobs import heartbeats
from bot.errors import Refusal
from bot.settings import Settings


async def check_alive(settings: Settings) -> None:
    """Raises `Refusal` if there is none, or the database cannot be asked."""
    host = socket.gethostname()
    database = Database(settings.url, checkpoints=False)
    try:
        async with database.read() as connection:
            living = await heartbeats.count_living(connection, now=time.time(), host=host)
    except (SQLAlchemyError, OSError) as error:
        raise Refusal(f"The database cannot be asked: {type(error).__name__}.") from error
    finally:
        await database.dispose()
    if not living:
        raise Refusal(f"No worker of {host} has a heartbeat: look at its log.")
