"""`easel run` with workers of `patient_worker`: `python -m tests.e2e.wire.easel_of_patience`."""

import asyncio

from bot.app import run
from bot.settings import Settings
from bot.telemetry import configure_logging

if __name__ == "__main__":
    settings = Settings()
    configure_logging(settings.log_level)
    asyncio.run(run(settings, worker_module="tests.e2e.wire.patient_worker"))
