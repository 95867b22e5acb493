"""Every fault, by name."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.e2e.chaos.faults import attachments, clocks, discord, processes, stores, supervised
from tests.e2e.chaos.infrastructure import Infrastructure
from tests.e2e.chaos.run import Run

Strike = Callable[[Run], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """asks: whether the people ask while it goes on; otherwise it lets them ask itself.

    refuses: whether people may be told to try again; where it must not, a refusal is wrong.
    """

    strike: Strike
    asks: bool = True
    refuses: bool = False
    engines: tuple[str, ...] = ("local", "procrastinate")
    needs_small_disks: bool = False

    def possible_on(self, infrastructure: Infrastructure) -> bool:
        return infrastructure.engine in self.engines and (
            infrastructure.disks_are_small or not self.needs_small_disks
        )


FAULTS: dict[str, Fault] = {
    "worker killed": Fault(strike=processes.kill_worker),
    "gateway killed": Fault(strike=processes.kill_gateway),
    "gateway stopped": Fault(strike=processes.stop_gateway),
    "accepting cut short": Fault(strike=processes.cut_accepting_short, asks=False),
    "both killed": Fault(strike=processes.kill_both),
    "batch killed": Fault(strike=processes.kill_batch, asks=False),
    "worker frozen": Fault(strike=processes.freeze_worker),
    "worker frozen in a transaction": Fault(strike=supervised.freeze_in_transaction, asks=False),
    "painting hangs": Fault(strike=supervised.hang, asks=False),
    "gateway frozen": Fault(strike=processes.freeze_gateway),
    "two gateways": Fault(strike=processes.two_gateways, asks=False),
    "poison": Fault(strike=processes.poison, asks=False),
    "database locked": Fault(strike=stores.lock_database, engines=("local",)),
    "database restarted": Fault(strike=stores.restart_database, engines=("procrastinate",)),
    "blobs' disk full": Fault(strike=stores.fill_blobs, refuses=True, needs_small_disks=True),
    "database's disk full": Fault(
        strike=stores.fill_database, refuses=True, engines=("local",), needs_small_disks=True
    ),
    "clocks jump": Fault(strike=clocks.clocks_jump),
    "clocks set back": Fault(strike=clocks.clocks_set_back),
    "older workers": Fault(strike=clocks.older_workers, asks=False),
    "rate limits": Fault(strike=discord.rate_limits),
    "server errors": Fault(strike=discord.server_errors),
    "slow bytes": Fault(strike=discord.slow_bytes),
    "closed sockets": Fault(strike=discord.closed_sockets),
    "tokens expire": Fault(strike=discord.tokens_expire),
    "gateway resumes": Fault(strike=discord.gateway_resumes),
    "session ends": Fault(strike=discord.session_ends),
    "outage of hours": Fault(strike=discord.outage_of_hours),
    "nonces forgotten": Fault(strike=discord.nonces_forgotten, asks=False),
    "attachments vanish": Fault(strike=attachments.attachments_vanish, asks=False, refuses=True),
    "attachments stall": Fault(strike=attachments.attachments_stall, asks=False, refuses=True),
    "costly files": Fault(strike=attachments.costly_files, asks=False),
}
