import random
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from benchmarks.beauty_page import BlindTest, application, serve
from benchmarks.beauty_pairs import PAIRS
from benchmarks.beauty_wins import read

Client = TestClient[web.Request, web.Application]
NAMES = ("astronaut-the_scream", "rocket-starry_night", "cafe_terrace_at_night-great_wave", "coffee-irises")
KNOWN = {pair.name for pair in PAIRS} & set(NAMES)
PAINTINGS = Path(__file__).parents[1] / "pictures"


def painted(folder: Path, names: Iterable[str] = NAMES) -> Path:
    """A folder of pictures, each of which says whose it is."""
    folder.mkdir()
    for name in names:
        (folder / f"{name}.png").write_text(f"{name} by {folder.name}")
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    return {"a": painted(tmp_path / "old"), "b": painted(tmp_path / "new")}


def begun(folders: dict[str, Path], wins: Path, seed: int = 1) -> BlindTest:
    return BlindTest(folders, wins, paintings=PAINTINGS, dice=random.Random(seed))


@pytest.fixture
async def client(folders: dict[str, Path], tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(begun(folders, tmp_path / "wins.jsonl")))) as opened:
        yield opened


async def test_every_pair_is_asked_once_and_the_pictures_chosen_are_those_that_win(
    client: Client, tmp_path: Path
) -> None:
    chosen, state = {}, await (await client.get("/state")).json()
    assert (state["done"], state["of"]) == (0, len(KNOWN))
    while (name := state["pair"]) is not None:
        shown = await (await client.get(f"/pictures/{name}/left")).text()
        other = await (await client.get(f"/pictures/{name}/right")).text()
        assert {shown, other} == {f"{name} by old", f"{name} by new"}
        chosen[name] = "a" if shown.endswith("old") else "b"
        state = await (await client.post("/choose", json={"pair": name, "answer": "left"})).json()
    assert set(chosen) == KNOWN
    found = await (await client.get("/results")).json()
    assert {one["pair"]: one["winner"] for one in found["pairs"]} == chosen
    assert found["a"] + found["b"] == len(KNOWN)
    assert found["folders"] == {"a": str(tmp_path / "old"), "b": str(tmp_path / "new")}
    assert {choice.pair: choice.left for choice in read(tmp_path / "wins.jsonl")} == chosen


@pytest.mark.parametrize(
    "said",
    [
        {"pair": "coffee-irises", "answer": "left"},
        {"pair": "rocket-starry_night", "answer": "both"},
        {"pair": ["rocket-starry_night"], "answer": "left"},
        {"answer": "left"},
        ["left"],
        7,
    ],
)
async def test_what_cannot_be_answered_is_refused_and_not_kept(
    said: object, client: Client, tmp_path: Path
) -> None:
    assert (await client.post("/choose", json=said)).status == 400
    assert read(tmp_path / "wins.jsonl") == []


async def test_a_pair_is_not_answered_twice(client: Client, tmp_path: Path) -> None:
    said = {"pair": "rocket-starry_night", "answer": "alike"}
    assert [(await client.post("/choose", json=said)).status for _ in range(2)] == [200, 400]
    assert len((tmp_path / "wins.jsonl").read_text().splitlines()) == 1


async def test_the_page_has_the_content_and_the_style_and_nothing_else_of_the_disk(
    client: Client,
) -> None:
    page = await client.get("/")
    assert page.content_type == "text/html"
    assert "http" not in (await page.text()).replace("http-equiv", "")
    assert (await client.get("/pictures/astronaut-the_scream/content")).content_type == "image/png"
    style = await client.get("/pictures/astronaut-the_scream/style")
    assert await style.read() == (PAINTINGS / "the_scream.jpg").read_bytes()
    for path in ("astronaut-the_scream/a", "coffee-irises/left", "..%2F..%2Fwins/left", "x/style"):
        assert (await client.get(f"/pictures/{path}")).status == 404


async def test_the_state_does_not_say_which_folder_is_on_which_side(client: Client) -> None:
    assert set(await (await client.get("/state")).json()) == {"pair", "done", "of"}


def test_the_choices_go_on_in_another_order_where_they_were_left(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    wins = tmp_path / "wins.jsonl"
    first = begun(folders, wins)
    name = first.state()["pair"]
    first.choose(name, "right")
    later = begun(folders, wins, seed=2)
    assert later.state()["done"] == 1
    assert later.state()["pair"] != name
    assert later.choices == first.choices


def test_order_and_sides_are_random(folders: dict[str, Path], tmp_path: Path) -> None:
    tests = [begun(folders, tmp_path / "wins.jsonl", seed) for seed in range(60)]
    assert {test.state()["pair"] for test in tests} == KNOWN
    left = [test.picture("rocket-starry_night", "left") for test in tests]
    assert 15 < left.count(folders["a"] / "rocket-starry_night.png") < 45


def test_only_pairs_that_both_folders_have_are_asked(folders: dict[str, Path], tmp_path: Path) -> None:
    few = painted(tmp_path / "few", ["rocket-starry_night"])
    assert set(begun({**folders, "b": few}, tmp_path / "wins.jsonl").pairs) == {"rocket-starry_night"}
    none = painted(tmp_path / "none", ["coffee-irises"])
    with pytest.raises(SystemExit, match="no pair in common"):
        serve(few, none, tmp_path / "wins.jsonl", paintings=PAINTINGS, port=0)
