"""The page of the blind test: two pictures in random order, and a choice; for this machine only."""

import random
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from benchmarks import beauty_wins
from benchmarks.beauty_pairs import PAIRS, Pair
from benchmarks.beauty_wins import Choice

HOST: Final = "127.0.0.1"
PAGE: Final = Path(__file__).with_suffix(".html")
ANSWERS: Final = ("left", "right", "alike")


class BlindTest:
    """Which pair is next, and which folder's picture is on which side of it.

    Args:
        folders: The folders a and b.
        wins: The file of the choices.
        paintings: The folder of the styles.
        dice: The order of pairs and sides.
    """

    def __init__(
        self, folders: Mapping[str, Path], wins: Path, *, paintings: Path, dice: random.Random
    ) -> None:
        self.folders = folders
        self.pairs = {pair.name: pair for pair in PAIRS if all(_file(at, pair) for at in folders.values())}
        self._wins = wins
        self._paintings = paintings
        self._order = dice.sample(sorted(self.pairs), len(self.pairs))
        self._left = {name: dice.choice(("a", "b")) for name in self._order}

    @property
    def choices(self) -> list[Choice]:
        return [choice for choice in beauty_wins.read(self._wins) if choice.pair in self.pairs]

    def state(self) -> dict[str, Any]:
        """What the page shows next; which folder is on which side is not in it."""
        left_over = beauty_wins.open_pairs(self._order, self.choices)
        done = len(self._order) - len(left_over)
        return {"pair": left_over[0] if left_over else None, "done": done, "of": len(self._order)}

    def choose(self, name: str, answer: str) -> None:
        """Keeps a choice.

        Raises:
            ValueError: there is no such pair or answer, or the pair has been answered.
        """
        if answer not in ANSWERS or name not in beauty_wins.open_pairs(self._order, self.choices):
            raise ValueError(f"{name!r} cannot be answered by {answer!r}.")
        left: Any = self._left[name]
        kept: Any = answer
        beauty_wins.add(self._wins, Choice(pair=name, left=left, answer=kept))

    def results(self) -> dict[str, Any]:
        """The wins, and who won each pair that was answered."""
        choices = self.choices
        return {
            "folders": {key: str(folder) for key, folder in self.folders.items()},
            **asdict(beauty_wins.tally(choices)),
            "pairs": [
                {"pair": choice.pair, "group": self.pairs[choice.pair].group, "winner": choice.winner}
                for choice in choices
            ],
        }

    def picture(self, name: str, what: str) -> Path | None:
        """The file of a pair's `content`, `style`, `left` or `right`."""
        pair = self.pairs.get(name)
        if pair is None:
            return None
        left = self._left[name]
        right = "b" if left == "a" else "a"
        return {
            "content": pair.content_file(self._paintings),
            "style": pair.style_file(self._paintings),
            "left": _file(self.folders[left], pair),
            "right": _file(self.folders[right], pair),
        }.get(what)


def application(test: BlindTest) -> web.Application:
    """The page, its pictures and the choices."""
    private = {"Cache-Control": "no-store"}  # the sides change with every start

    async def page(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE)

    async def state(_request: web.Request) -> web.Response:
        return web.json_response(test.state(), headers=private)

    async def results(_request: web.Request) -> web.Response:
        return web.json_response(test.results(), headers=private)

    async def choose(request: web.Request) -> web.Response:
        try:
            said = await request.json()
            test.choose(said["pair"], said["answer"])
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response(test.state())

    async def picture(request: web.Request) -> web.FileResponse:
        file = test.picture(request.match_info["pair"], request.match_info["what"])
        if file is None:
            raise web.HTTPNotFound
        return web.FileResponse(file, headers=private)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/state", state)
    app.router.add_get("/results", results)
    app.router.add_post("/choose", choose)
    app.router.add_get("/pictures/{pair}/{what}", picture)
    return app


def serve(one: Path, other: Path, wins: Path, *, paintings: Path, port: int) -> None:
    """Serves the page until Ctrl-C.

    Raises:
        SystemExit: the folders have no pair in common.
    """
    test = BlindTest({"a": one, "b": other}, wins, paintings=paintings, dice=random.Random())
    if not test.pairs:
        raise SystemExit(f"{one} and {other} have no pair in common: make them with --keep.")
    print(f"{len(test.pairs)} pairs; the choices are kept in {wins}. Ctrl-C ends.")
    web.run_app(application(test), host=HOST, port=port)


def _file(folder: Path, pair: Pair) -> Path | None:
    file = folder / f"{pair.name}.png"
    return file if file.exists() else None
