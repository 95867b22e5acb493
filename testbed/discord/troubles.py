"""Failures of Discord's API to come, told to the stand-in beforehand."""

import re
from collections.abc import Mapping

from testbed.discord.refusals import Refusal
from testbed.discord.rest import Fault, Rest
from testbed.discord.world import Json


class Troubles:
    """The part of the stand-in that fails on demand."""

    rest: Rest

    def fail_next(
        self,
        method: str,
        path: str,
        *,
        status: int,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        after: bool = False,
        carrying: tuple[str, ...] = (),
    ) -> Fault:
        """The next calls whose path contains the expression get this answer.

        after: they take effect, and only their own answer is lost.
        carrying: only calls with a file of one of these content types.
        """
        fault = Fault(
            method=method,
            path=re.compile(path),
            status=status,
            body={"code": 0, "message": f"{status}: as told"} if body is None else body,
            headers=headers or {},
            times=times,
            after=after,
            carrying=carrying,
        )
        return self._disturb(fault)

    def limit_next(
        self, method: str, path: str, *, retry_after_s: float, times: int = 1, everywhere: bool = False
    ) -> Fault:
        """The next calls are rate limited, as Discord's own servers say it: with a Via header.

        everywhere: by the limit on all of a bot's requests together.
        """
        headers = {"Retry-After": str(retry_after_s), "Via": "1.1 google"}
        wide = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        return self.fail_next(
            method,
            path,
            status=429,
            body={
                "message": "You are being rate limited.",
                "retry_after": retry_after_s,
                "global": everywhere,
            },
            headers=headers | (wide if everywhere else {"X-RateLimit-Scope": "user"}),
            times=times,
        )

    def refuse_next(self, method: str, path: str, refusal: Refusal) -> Fault:
        """The next call gets this answer, whatever is true."""
        return self.fail_next(method, path, status=refusal.status, body=refusal.body)

    def cut_next(self, method: str, path: str, *, times: int = 1, after: bool = False) -> Fault:
        """The next calls' connections are closed without an answer; `after`: they have taken effect."""
        return self._disturb(
            Fault(method=method, path=re.compile(path), status=None, times=times, after=after)
        )

    def slow_next(
        self, method: str, path: str, *, seconds: float, times: int = 1, carrying: tuple[str, ...] = ()
    ) -> Fault:
        """The next calls take effect, and their answers stand still for a while in the middle."""
        return self._disturb(
            Fault(
                method=method,
                path=re.compile(path),
                status=None,
                times=times,
                after=True,
                carrying=carrying,
                slow_s=seconds,
            )
        )

    def _disturb(self, fault: Fault) -> Fault:
        self.rest.faults.append(fault)
        return fault
