"""Runs a module as on Windows: `python -m tests.support.other_system MODULE ARGUMENTS`.

Our own code finds neither the modules nor the calls that only Unix has; the libraries find theirs, for this
is Unix all the same. An event loop handles no signals, and waits for no pipe.
"""

import asyncio
import builtins
import os
import runpy
import sys
from types import ModuleType
from typing import Any

HIDDEN = {"fcntl", "grp", "pwd", "resource", "termios"}
UNIX_ONLY = {
    "os": {"O_DIRECTORY", "fork", "geteuid", "getuid", "killpg", "nice", "set_blocking", "sysconf"},
    "signal": {"SIGALRM", "SIGHUP", "SIGXCPU"},  # SIGKILL is for the filter of calls, which is Linux' own
}
OURS = ("bot", "nst_core", "__main__")


class Without(ModuleType):
    """A module without some of its names."""

    def __init__(self, whole: ModuleType, names: set[str]) -> None:
        super().__init__(whole.__name__)
        self.__dict__.update({name: value for name, value in vars(whole).items() if name not in names})


def hide() -> None:
    """From here on our modules see what they would see on Windows."""
    import_any = builtins.__import__
    poorer = {name: Without(sys.modules[name], names) for name, names in UNIX_ONLY.items()}
    poorer["os"].open = _open  # type: ignore[attr-defined] # a module's names are its own

    def import_some(name: str, scope: Any = None, *rest: Any, **more: Any) -> ModuleType:
        if (scope or {}).get("__name__", "").partition(".")[0] in OURS:
            if name in HIDDEN:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            if name in poorer:
                return poorer[name]
        return import_any(name, scope, *rest, **more)

    vars(builtins)["__import__"] = import_some
    for method in ("add_signal_handler", "remove_signal_handler", "add_reader"):
        setattr(asyncio.SelectorEventLoop, method, _not_here)


def _open(path: str, flags: int, mode: int = 0o777) -> int:
    if os.path.isdir(path):  # noqa: PTH112 - as any caller gives it
        raise PermissionError(13, "Permission denied", path)
    return os.open(path, flags, mode)


def _not_here(*_arguments: Any) -> None:
    raise NotImplementedError


if __name__ == "__main__":
    hide()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
