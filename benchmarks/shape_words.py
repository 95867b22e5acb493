"""Words that gave way to standard ones, and where each still occurs: identifiers, names of files, log events.

Only words that can mean nothing else are listed: to look for `say` or `rows` would find much that is fine.
"""

import ast
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What took its place, and what to look for.

    files: names of files without `.py`, or of folders with a slash behind.
    events: what a log event must not hold.
    """

    new: str
    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


WORDS: Final[Mapping[str, Word]] = {
    "Rooms": Word(new="Services", names=("Rooms", "rooms_of", "rooms"), files=("rooms",)),
    "House": Word(new="Application", names=("House", "open_house")),
    "Room": Word(new="MemoryBudget, batch size", names=("Room",)),
    "door": Word(new="errors", files=("door",)),
    "guarded": Word(new="handles_errors", names=("guarded",)),
    "steady": Word(new="interaction_retry", names=("answer_steadily",), files=("steady",)),
    "whereabouts": Word(new="interaction_context", names=("whereabouts",), files=("whereabouts",)),
    "lasting": Word(new="persistent", names=("lasting",), files=("lasting",)),
    "rounds": Word(new="polling", names=("go_round", "rounds"), files=("rounds",)),
    "Courier": Word(
        new="CardUpdater",
        names=("Courier", "courier"),
        files=("courier",),
        events=("courier",),
    ),
    "Curator": Word(
        new="GalleryUpdater",
        names=("Curator", "curator"),
        files=("curator",),
        events=("curator",),
    ),
    "parcel": Word(new="card_upload", names=("parcel",), files=("parcel",)),
    "Pace": Word(new="EditRateLimit, rate_limit", names=("Pace", "pace"), files=("pace",)),
    "asking": Word(new="submit_request", names=("asking",), files=("asking",)),
    "album": Word(new="card_picture", names=("album",), files=("album",)),
    "keep": Word(new="save_preset", files=("keep",)),
    "made": Word(new="provenance", files=("made",)),
    "desk": Word(new="account", names=("desk",), files=("desk/",)),
    "leftovers": Word(
        new="takedowns",
        names=("leftovers", "LeftoverRemover"),
        files=("leftovers", "leftovers"),
        events=("leftover",),
    ),
    "belongings": Word(new="personal_data", names=("belongings",), files=("belongings",)),
    "uses": Word(new="blob_refs", names=("uses",), files=("uses",)),
    "departures": Word(new="left_servers", names=("departures",), files=("departures",)),
    "tours": Word(new="onboarding", names=("tours",), files=("tours",)),
    "bounds": Word(new="server_caps", names=("bounds",), files=("bounds",)),
    "census": Word(new="queue_metrics", names=("census",), files=("census",)),
    "fleet": Word(
        new="workers, heartbeat",
        names=("fleet", "presence"),
        files=("fleet", "presence"),
    ),
    "Intake": Word(new="PictureStore, StoredPicture", names=("Intake", "intake", "Taken"), files=("intake",)),
    "Asker": Word(new="Requester", names=("Asker", "asker")),
    "Caps": Word(new="UserLimits", names=("Caps",)),
    "Standing": Word(new="QueuePosition", names=("Standing", "standing")),
    "Bell": Word(new="QueueListener", names=("Bell", "bell", "bell_for")),
    "Ticket": Word(new="entry", names=("Ticket", "tickets", "put_back", "tear"), files=("tickets",)),
    "Member": Word(new="JobRunner", files=("member",)),
    "beat": Word(new="renew", names=("beat",)),
    "hand_back": Word(new="release", names=("hand_back",), events=("handed back",)),
    "the line": Word(new="the queue", events=("the line",)),
    "Studio": Word(new="PreparedJob", names=("Studio", "studios"), files=("studio",)),
    "Descent": Word(new="OptimizationLoop", names=("Descent", "descent"), files=("descent",)),
    "Styling": Word(new="StyleSpec", names=("Styling", "styling_of", "only_here"), files=("styling",)),
    "Blend": Word(new="StyleMix", names=("Blend",), files=("blends",)),
    "slopes": Word(new="grads", names=("slopes",)),
    "Figures": Word(new="losses", names=("Figures",)),
    "painting, comparing, series": Word(new="the CLI's commands", files=("comparing", "series")),
}
"""By the word of before."""


def found_in(root: Path, files: Sequence[Path], words: Mapping[str, Word] = WORDS) -> dict[str, int]:
    """How often each word that still occurs does so in these files below `root`."""
    names = Counter(name for file in files for name in _names_in(file))
    events = [event for file in files for event in _events_in(file)]
    places = Counter(place for file in files for place in _places_of(file.relative_to(root)))
    counts = {
        word: sum(names[name] for name in one.names)
        + sum(places[place] for place in one.files)
        + sum(text in event for event in events for text in one.events)
        for word, one in words.items()
    }
    return {word: count for word, count in counts.items() if count}


def _places_of(file: Path) -> Iterator[str]:
    yield file.stem
    yield from (f"{folder}/" for folder in file.parent.parts)


def _names_in(file: Path) -> Iterator[str]:
    with tokenize.open(file) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.NAME:
                yield token.string


def _events_in(file: Path) -> Iterator[str]:
    """The fixed texts of what is logged, in lower case."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).startswith("log."):
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value.lower()
