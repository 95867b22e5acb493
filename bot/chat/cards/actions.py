"""What a card's buttons do: one persistent item answers them all, by verb and job."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

import discord
from discord import ui

from bot.chat.cards.cancel_and_delete import press_cancel, press_delete, press_erase, press_stop
from bot.chat.cards.card import Verb
from bot.chat.cards.describing import press_describe
from bot.chat.cards.edit import press_edit
from bot.chat.cards.keep_painted import press_keep
from bot.chat.cards.submit_request import press_again, press_bigger, press_retry, press_softer, press_stronger
from bot.chat.cards.use_as import press_hang, press_save, press_use_as
from bot.chat.cards.viewing import press_compare, press_full_size, press_how_made, press_time_lapse
from bot.chat.ui.answers import handles_errors

ACTIONS: Final[dict[Verb, Callable[[discord.Interaction[Any], int], Awaitable[None]]]] = {
    Verb.AGAIN: press_again,
    Verb.STRONGER: press_stronger,
    Verb.SOFTER: press_softer,
    Verb.BIGGER: press_bigger,
    Verb.EDIT: press_edit,
    Verb.SAVE: press_save,
    Verb.COMPARE: press_compare,
    Verb.FULL_SIZE: press_full_size,
    Verb.TIME_LAPSE: press_time_lapse,
    Verb.HANG: press_hang,
    Verb.HOW_MADE: press_how_made,
    Verb.USE_AS: press_use_as,
    Verb.DESCRIBE: press_describe,
    Verb.DELETE: press_delete,
    Verb.ERASE: press_erase,
    Verb.RETRY: press_retry,
    Verb.CANCEL: press_cancel,
    Verb.KEEP: press_keep,
    Verb.STOP: press_stop,
}


class JobButton(
    ui.DynamicItem[ui.Button[Any]],
    template=rf"easel:(?P<verb>{'|'.join(verb.value for verb in ACTIONS)}):(?P<job>[0-9]{{1,18}})",
):
    """A button of `bot.chat.cards.card`, as Discord sends it back."""

    def __init__(self, item: ui.Button[Any], *, verb: Verb, job_id: int) -> None:
        super().__init__(item)
        self.verb = verb
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        if not isinstance(item, ui.Button):
            raise TypeError(f"{match[0]} belongs to no button")
        return cls(item, verb=Verb(match["verb"]), job_id=int(match["job"]))

    @handles_errors
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await ACTIONS[self.verb](interaction, self.job_id)
