"""The command line tool `nst`: its commands, its error messages and its exit codes."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from nst_core.cli import weights
from nst_core.cli.animate import animate
from nst_core.cli.compare import compare
from nst_core.cli.sheet import sheet
from nst_core.cli.stylize import stylize
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
app.command(weights.app)
for command in (stylize, animate, compare, sheet):
    app.command(command)


def main(tokens: Sequence[str] | None = None) -> None:
    """Runs `nst` with the tokens, or with the arguments of this process.

    An error is one sentence on stderr. The exit code is 2 where the command line is wrong, 1 where the work
    failed, 130 after Ctrl-C, and 141 where nobody reads the output any more.
    """
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
