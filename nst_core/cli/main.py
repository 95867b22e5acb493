"""The command line tool `nst`: its commands, its error messages and its exit codes."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from nst_core.errors import EngineError, ParamsError
from nst_core.output import printed
from nst_core.version import installed_version

app = App(
    name="nst",
    help="Paints a picture in the style of another.",
    version=installed_version,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
# By name: PyTorch takes seconds to load, and who asks for help must not wait for it.
app.command("nst_core.cli.weights:app", name="weights", help="Lists, fetches and verifies the weight files.")
app.command("nst_core.cli.stylize:stylize", help="Paints CONTENT in the style of one or several STYLES.")
app.command(
    "nst_core.cli.animate:animate",
    help="Paints the moving picture CLIP in the style of STYLE and writes OUT.",
)
app.command(
    "nst_core.cli.compare:compare",
    help="Says how good RESULT is: figures against the CONTENT and the STYLES it was made of.",
)
app.command(
    "nst_core.cli.sheet:sheet",
    help="Paints every content in every style at every strength, and shows all on one contact sheet.",
)


def share_busy_cores() -> None:
    """Threads that spin while they wait for each other lose the cores that they share with others.

    On a machine that is busy at the start they sleep instead; OpenMP reads this as PyTorch is loaded.
    Spinning gains a tenth on an idle one.
    """
    busy = getattr(os, "getloadavg", lambda: (0.0,))()[0] >= (os.cpu_count() or 1) / 2
    if busy:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main(tokens: Sequence[str] | None = None) -> None:
    """Runs `nst` with the tokens, or with the arguments of this process.

    An error is one sentence on stderr. The exit code is 2 where the command line is wrong, 1 where the work
    failed, 130 after Ctrl-C, and 141 where nobody reads the output any more.
    """
    share_busy_cores()
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    try:
        with printed():
            app(
                sys.argv[1:] if tokens is None else tokens,
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
    except (CycloptsError, ParamsError) as error:
        console.print(str(error).strip())
        sys.exit(2)
    except EngineError as error:
        console.print(*getattr(error, "__notes__", ()), error, sep=": ")
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Stopped; the result was not written.")
        sys.exit(130)


if __name__ == "__main__":
    main()
