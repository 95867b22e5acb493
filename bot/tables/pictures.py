"""Tables of pictures: what is asked for, painted, delivered and stored, and the styles that are kept.

Times are seconds since the epoch (UTC) as floats; ids of users, guilds, channels and messages are Discord's;
a blob is named by its key in the store (`bot.media.blobs`). The name of a column that refers to one
ends in `_blob`, and what no such column refers to is deleted (`bot.domain.privacy.retention`). An empty key
stands for a picture that was deleted.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows automatically only if the type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")


def where(rows: str) -> dict[str, Any]:
    """An index of some rows only. A query uses it where it names the same rows in the same words."""
    return {"sqlite_where": text(rows), "postgresql_where": text(rows)}


def outbox() -> tuple[Column[Any], ...]:
    """The columns of a table whose rows are sent to Discord, see `bot.domain.outbox.schedule`."""
    return (
        Column("due_at", Double, server_default="0"),  # None: never
        Column("lease_until", Double, nullable=False, server_default="0"),
        Column("leased_by", String(100)),
        Column("tries", Integer, nullable=False, server_default="0"),  # failed ones since the last success
        Column("last_error", Text),
    )


LIVE_BLENDS = "content_blob > '' AND CAST(more_styles AS TEXT) <> 'null'"
"""Jobs of several styles whose pictures are kept: the others have let go of all of them at once.

Not "<> ''", in the words of the indexes of all kept inputs: SQLite would go through one of those.
"""

jobs = Table(
    "jobs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("interaction_id", BigInteger, nullable=False, unique=True),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("look", JSON, nullable=False),
    Column("style_name", String(100), nullable=False),
    # A picture of the person's own, which has no name but its file's; more_styles tell it as "own".
    Column("own_style", Boolean, nullable=False, server_default=false()),
    Column("params", JSON, nullable=False),
    Column("params_version", Integer, nullable=False, server_default="1"),  # see nst_core.params.VERSION
    Column("cost", Double, nullable=False),
    Column("content_blob", String(64), nullable=False),
    Column("style_blob", String(64), nullable=False),
    Column(
        "more_styles", JSON
    ),  # [{"blob": …, "name": …, "weight": …}], beside style_blob of weight style_weight
    Column("style_weight", Double, nullable=False, server_default="1"),
    Column("mask_blob", String(64)),  # white: painted; black: left as it is
    Column("start_blob", String(64)),  # the picture that it starts from, instead of params["init"]
    # The content's frames, content_blob being the first of them; None: it does not move.
    Column("clip_blob", String(64)),
    Column("frames", Integer, nullable=False, server_default="1"),  # how many of them are painted
    Column("parent_id", RowId),  # the job whose button made this one
    Column("challenge_id", RowId),
    Column("notes", JSON),  # sentences in its language: what was reduced
    Column("language", String(10), nullable=False, server_default="en"),  # of its card
    Column("spoiler", Boolean, nullable=False, server_default=false()),
    Column("alt_text", Text),  # in its artist's words, what the picture shows
    Column("age_restricted", Boolean, nullable=False, server_default=false()),
    Column("state", String(16), nullable=False),
    Column("priority", BigInteger, key="fair_tag", nullable=False),  # see bot.domain.jobs.model.fair_tag
    Column("attempt", Integer, nullable=False, server_default="0"),
    # How many of the attempts were cut short by a worker that stopped in order.
    Column("handbacks", Integer, key="releases", nullable=False, server_default="0"),
    Column("worker", String(100)),
    Column("lease_until", Double),
    Column("batch_key", String(64)),  # the same for jobs that can share a pass
    Column(
        "batch_size", Integer, nullable=False, server_default="1"
    ),  # how many jobs shared its pass, itself included
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("scale", Integer),
    Column("scales", Integer),
    Column("step", Integer),
    Column("steps", Integer),
    Column("loss", Double),
    Column("frame", Integer),  # of a clip, how many frames are painted in this pass
    Column("preview_blob", String(64)),
    Column("checkpoint_blob", String(64)),  # of a clip, what is painted so far
    Column("result_blob", String(64)),  # of a clip, its first frame
    Column("result_clip_blob", String(64)),
    Column("timelapse_blob", String(64)),
    Column("figures", JSON),
    Column("error", Text),
    Column("reference", String(16)),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Index(None, "state", "fair_tag", "id"),
    Index(None, "user_id", "state"),
    Index(None, "fair_tag"),
    Index(None, "user_id", "created_at"),
    Index(None, "user_id", "fair_tag"),
    Index(None, "guild_id", "created_at"),
    Index(None, "ended_at"),
    Index(None, "reference", **where("reference IS NOT NULL")),
    # Who else uses a picture is asked whenever one is deleted; previews are found by the state.
    Index(None, "result_blob"),
    *(Index(None, name, **where(f"{name} <> ''")) for name in ("content_blob", "style_blob")),
    *(Index(None, f"{name}_blob", **where(f"{name}_blob <> ''")) for name in ("mask", "start", "timelapse")),
    *(Index(None, f"{name}_blob", **where(f"{name}_blob <> ''")) for name in ("clip", "result_clip")),
    Index("ix_jobs_blends", "id", **where(LIVE_BLENDS)),
    # What has not been forgotten yet.
    Index("ix_jobs_inputs_kept", "ended_at", **where("content_blob <> ''")),
    Index("ix_jobs_results_kept", "ended_at", **where("result_blob IS NOT NULL")),
    sqlite_autoincrement=True,
)

requests = Table(
    "requests",  # what has no job or answer yet, see bot.domain.requests.pending
    metadata,
    Column("interaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("language", String(10), nullable=False),
    Column("interaction_token", Text, nullable=False),
    Column("token_until", Double, nullable=False),
    Column("filesize_limit", BigInteger, nullable=False),
    Column("channel_reachable", Boolean, nullable=False),
    Column("asked", JSON(none_as_null=True)),  # the picture that is asked for; None: something else
    Column("refusal", Text),  # the sentence that the person has yet to read
    *outbox(),
    Column("created_at", Double, nullable=False),
    Index(None, "user_id"),
    Index(None, "due_at"),
)

workers = Table(
    "workers",  # see bot.domain.jobs.heartbeats
    metadata,
    Column("name", String(100), primary_key=True),
    Column("device", String(32), nullable=False),
    Column("params_version", Integer, nullable=False),  # the newest that it knows
    Column("seen_at", Double, nullable=False),
    Column("alive", Boolean, nullable=False),  # false once it has stopped, or was seen to die
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("interaction_token", Text, nullable=False),
    Column("token_until", Double, nullable=False),
    Column("message_id", BigInteger),
    Column("message_channel_id", BigInteger),  # where that message is; None: in the job's channel
    Column("posting_since", Double),  # when a new message was begun that is not recorded yet
    Column("filesize_limit", BigInteger, nullable=False),
    Column("channel_reachable", Boolean, nullable=False),
    Column("shown_revision", Integer, nullable=False, server_default="0"),
    Column("closed", Boolean, nullable=False, server_default=false()),
    *outbox(),
    Index(None, "closed"),
    Index(None, "message_id"),
    Index("ix_deliveries_tokens_kept", "token_until", **where("interaction_token <> ''")),
)

mentions = Table(
    "mentions",  # who is told that their picture is ready, see bot.domain.outbox.mentions
    metadata,
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", BigInteger),  # None until it is told
    *outbox(),
    Column("created_at", Double, nullable=False),
    Index(None, "due_at"),
)

presets = Table(
    "presets",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("name_key", String(100), nullable=False),
    Column("look", JSON, nullable=False),
    Column("style_blob", String(64), nullable=False),
    Column("favourite", Boolean, nullable=False, server_default=false()),
    Column("code", String(16)),  # by which others may import it
    Column("created_at", Double, nullable=False),
    UniqueConstraint("user_id", "name_key"),
    Index(None, "code", unique=True),
    Index(None, "style_blob"),
    sqlite_autoincrement=True,
)

server_presets = Table(
    "server_presets",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),  # who shared it
    Column("name", String(100), nullable=False),
    Column("name_key", String(100), nullable=False),
    Column("look", JSON, nullable=False),
    Column("style_blob", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("guild_id", "name_key"),
    Index(None, "user_id"),
    Index(None, "style_blob"),
    sqlite_autoincrement=True,
)

stored_pictures = Table(
    "stored_pictures",  # see bot.domain.privacy.storage
    metadata,
    Column("key", String(64), primary_key=True),
    Column("user_id", BigInteger, nullable=False),  # whose request brought it; 0: nobody's
    Column("size_bytes", BigInteger, nullable=False),
    Column("held_until", Double, nullable=False),  # until then a row that refers to it may still be written
    Index(None, "user_id"),
)
