"""Paintings as tests make them: small, on the CPU, in float32."""

from collections.abc import Sequence

from nst_core.engine import stylize
from nst_core.events import Event, Finished
from nst_core.images.picture import Picture
from nst_core.params import Params
from nst_core.styles import StyleSpec

SMALL = Params(size=64, steps=12)


def paint(
    content: Picture, style: Picture | StyleSpec, params: Params, *, start: Picture | None = None
) -> list[Event]:
    """The events; no previews by time, of which a slow machine sends more."""
    events = stylize(
        content, style, params, device="cpu", precision="float32", preview_every_s=None, start=start
    )
    return list(events)


def result(events: Sequence[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last
