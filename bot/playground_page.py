"""The playground's page in the browser: SimCord's, with what Easel adds so that no click is lost.

SimCord refuses what is clicked while the bot has just changed something, and shows messages alone. Here an
action waits for its turn, a click counts if its button is still the same, messages and people have menus, and
there is a choice of channels. The other half is `playground_page.js`, which runs in the page.
"""

import asyncio
import html
import json
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from rich.console import Console

from bot.errors import Refusal
from bot.playground import FACE, FACES, Stage, keep_time, stage
from bot.service import stop_on_signals
from bot.settings import Settings

try:
    from simcord import ResponseMessage, SetupError
    from simcord.preview import Preview
    from simcord.preview._server import PreviewServer
except ModuleNotFoundError as error:
    raise Refusal("The playground's page needs SimCord: pip install 'easel[bot,playground]'.") from error

SCRIPT = Path(__file__).with_suffix(".js")
LOOK_S = 0.03
PAST_PAGES = 40
"""How many pages of the past a click may still come from."""
MENUS = {"message": ("Stylize this", "Use as style", "How was this made?"), "person": ("Stylize avatar",)}


class PageServer(PreviewServer):
    """Serves SimCord's page with Easel's script, and opens it in the channel that was chosen."""

    _STATIC_FILES = {**PreviewServer._STATIC_FILES, "/easel.js": "easel.js"}  # noqa: RUF012, SLF001 - SimCord's name
    preview: "Page"

    async def _static(self, request: web.Request) -> web.Response:
        if request.path == "/easel.js":
            script = await asyncio.to_thread(SCRIPT.read_text, encoding="utf-8")
            return web.Response(
                text=script, content_type="application/javascript", headers=self._SECURITY_HEADERS
            )
        response: web.Response = await super()._static(request)
        if request.path == "/":
            response.text = self._adapted(response.text or "")
        return response

    def _adapted(self, page: str) -> str:
        options = "".join(
            f'<option value="{one.id}">#{html.escape(one.name or "")}</option>'
            for one in self.preview.channels
        )
        picker = (
            f'<label class="viewer-control">Channel <select id="channel-picker">{options}</select></label>'
        )
        menus = html.escape(json.dumps(MENUS))
        return (
            page.replace("<title>SimCord Preview</title>", "<title>Easel's playground</title>")
            .replace('<label class="viewer-control">', picker + '<label class="viewer-control">', 1)
            .replace(
                "<strong>SimCord</strong><small>Preview</small>",
                "<strong>Easel</strong><small>Playground</small>",
            )
            .replace('aria-hidden="true">S</span>', 'aria-hidden="true">E</span>', 1)
            .replace("</head>", f'<script src="/easel.js" data-menus="{menus}"></script></head>')
        )

    async def _pages(self, request: web.Request) -> Any:
        if self._authorized(request):
            self.preview.choose_channel(request.query.get("channel"))
        return await super()._pages(request)


class Page(Preview):
    """What people see and do; one action after the other, and none between two states of the page."""

    def __init__(self, one: Stage, port: int | None) -> None:
        self.channels = (one.channel, one.gallery)
        self.turn = asyncio.Lock()
        self._past: dict[str, deque[tuple[int, dict[str, Any]]]] = {}
        env = one.env
        super().__init__(
            env,
            one.channel,
            one.members,
            layout="channel",
            display="responsive",
            width=960,
            height=720,
            locale="en-US",
            timezone="UTC",
            presentation_time=None,
            assets=faces(one),
            port=port or 0,
        )
        self._server = PageServer(self, port or 0)

    def choose_channel(self, channel_id: Any) -> None:
        """Where pages are opened, and commands given, from now on."""
        for one in self.channels:
            if str(one.id) == str(channel_id):
                self.channel = one

    async def refresh(self) -> None:
        """Shows what has happened, after the action that is under way."""
        async with self.turn:
            await keep_time(self.env)
            await super().refresh()

    def _publish(self, page: Any, *, reason: Any = "action") -> None:
        super()._publish(page, reason=reason)
        past = self._past.setdefault(page.id, deque(maxlen=PAST_PAGES))
        past.append((page.revision, page.snapshot))

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """Waits for its turn; what was clicked on an older state of the page counts if it is still there."""
        async with self.turn:
            page = self._get_page(context_id)
            self.choose_channel(page.channel_id)
            revision = body.get("published_revision")
            key = body.get("control_key")
            if key is None or self._same(page, key, revision):
                body = {**body, "published_revision": page.revision}
            return await super()._action(context_id, body)

    def _same(self, page: Any, key: str, revision: Any) -> bool:
        """Whether a control means what it meant on the page that was clicked: keys only tell the place."""
        then = next((shown for number, shown in self._past[page.id] if number == revision), {})
        return custom_id(then.get("messages"), key) == custom_id(page.snapshot.get("messages"), key)

    def _prepare_action(self, page: Any, kind: str, body: Mapping[str, Any]) -> Any:
        menu = body.get("menu")
        if kind != "refresh" or not isinstance(menu, dict):
            return super()._prepare_action(page, kind, body)
        message = self._target_message(page, int(menu["message"]))
        person = menu["name"] in MENUS["person"]
        target: Any = (
            self._member_handle(page, message.author_id) if person else ResponseMessage(self.env, message)
        )

        async def run_menu(action: Any, cursor: int) -> dict[str, Any]:
            chosen = page.viewer.context_menu(self.channel, menu["name"], target)
            return await self._run_interaction_action(page, action, cursor, chosen)

        return run_menu


def custom_id(components: Any, key: str) -> str | None:
    """Of the control with this key, anywhere in a page's messages."""
    return next((one["custom_id"] for one in _controls(components) if one.get("control_key") == key), None)


def _controls(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "custom_id" in part:
            yield part
        for inner in part.values():
            yield from _controls(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _controls(inner)


def faces(one: Stage) -> dict[str, tuple[str, bytes]]:
    """Everybody's avatar by its address."""
    base = "https://cdn.simcord.invalid/avatars"
    found = {f"{base}/{one.env.backend.bot_user.id}/Easel.png": (FACE.name, FACE.read_bytes())}
    for member in one.members:
        file = FACES[member.name]
        found[f"{base}/{member.id}/{member.name}.png"] = (file.name, file.read_bytes())
    return found


def _taken(port: int | None) -> Refusal:
    return Refusal(f"Port {port} is taken: choose another, or none for any free one.")


def _require_free(port: int) -> None:
    """Raises `Refusal` early, before anything is started that would have to be stopped again."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise _taken(port) from error


async def play(settings: Settings, *, port: int | None = None) -> None:
    """Opens the playground's page and serves it until it is closed there, or by SIGINT or SIGTERM.

    Raises:
        Refusal: the port is taken, or a package is missing.
    """
    if port is not None:
        _require_free(port)
    console = Console(soft_wrap=True, highlight=False)
    with stop_on_signals() as stop:
        async with stage(settings) as one, _page(one, port) as page:
            console.print(f"The playground is at [bold]{page.url}[/]")
            console.print("Type /stylize there and attach a picture. Nothing is kept when it ends.")
            console.print("End it with Ctrl+C.")
            await _serve(page, one, stop)
    console.print("The playground is closed.")


@asynccontextmanager
async def _page(one: Stage, port: int | None) -> AsyncIterator[Page]:
    async with AsyncExitStack() as stack:
        try:
            page = Page(one, port)
            await stack.enter_async_context(page)
        except SetupError as error:
            if isinstance(error.__cause__, OSError):
                raise _taken(port) from error
            raise Refusal(f"The playground's page cannot be opened: {error}") from error
        yield page


async def _serve(page: Page, one: Stage, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        ends = {group.create_task(page.wait_closed()), group.create_task(stop.wait())}
        following = group.create_task(_follow(page, one))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in (*ends, following):
            task.cancel()


async def _follow(page: Page, one: Stage) -> None:
    """Shows on the page what the bot has done."""
    shown = 0
    while True:
        await asyncio.sleep(LOOK_S)
        done = len(one.env.http_requests)
        if done == shown:
            continue
        with suppress(SetupError, TimeoutError):
            await page.refresh()
            shown = done
