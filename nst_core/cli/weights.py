"""`nst weights`: which weight files there are, fetched and verified."""

from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.progress import DownloadColumn, Progress

from nst_core.models import weights

app = App(name="weights", help="Lists, fetches and verifies the weight files.")


@app.command(name="list")
def list_weights() -> None:
    """Lists the weight files, and which of them are here."""
    for name, path in weights.inventory().items():
        print(f"{name:<18} {path.name:<27} {'here' if path.is_file() else 'not fetched'}")  # noqa: T201


@app.command
def fetch(name: Literal["torchvision:vgg19", "torchvision:vgg16"]) -> None:
    """Downloads one of torchvision's networks into the cache.

    Args:
        name: torchvision:vgg19 or torchvision:vgg16.
    """
    with Progress(*Progress.get_default_columns(), DownloadColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        path = weights.torchvision_file(
            name, progress=lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    print(path)  # noqa: T201


@app.command
def verify() -> None:
    """Checks the hash of every weight file that is here."""
    for name, path in weights.inventory().items():
        if path.is_file():
            weights.verify(name)
            print(f"{name:<18} {path.name:<27} sound")  # noqa: T201
