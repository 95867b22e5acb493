"""Tables of people and servers: their settings, blocks, exhibits, stars, digests and challenges.

With those of pictures they are all.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from bot.tables.pictures import RowId, metadata, outbox, where

ALL = metadata
"""Every table: these, and those of pictures."""

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("settings", JSON, nullable=False),  # see bot.domain.servers.server_settings
    Column("toured_at", Double),  # when its managers were told how to set it up, once
    Column("left_at", Double),  # when the bot was removed: the data is deleted some days later
)

painted = Table(
    "painted",  # counters, so that nobody has to count all jobs: see bot.domain.jobs.stats
    metadata,
    # 0: in no server, or in one that was forgotten since.
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("pictures", BigInteger, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("settings", JSON, nullable=False),  # see bot.domain.servers.users
    Column("style_blob", String(64)),  # the current style, chosen by "Use as style"
    Column("style_name", String(100)),
    Column("welcomed_at", Double),  # when the person was told what can be done, after a first picture
    Index(None, "style_blob"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("kind", String(8), primary_key=True),  # "user" or "guild"
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

server_blocks = Table(
    "server_blocks",  # whom a server's moderators have blocked
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("blocked_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

log_entries = Table(
    "log_entries",  # what moderators have yet to read in their log channel
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),  # see bot.domain.outbox.moderation_log
    Column("user_id", BigInteger, nullable=False),
    Column("moderator_id", BigInteger),
    Column("channel_id", BigInteger),
    Column("subject", Text, nullable=False),
    *outbox(),
    Column("created_at", Double, nullable=False),
    Index(None, "due_at"),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)

exhibits = Table(
    "exhibits",
    metadata,
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),  # the art channel
    Column("message_id", BigInteger),  # None until it hangs there
    *outbox(),
    Column("removed", Boolean, nullable=False, server_default=false()),
    # Changes that its message does not show yet, None where it shows all; see bot.domain.gallery.exhibits.
    Column("pending", Integer, server_default="1"),
    Column("stars", Integer, nullable=False, server_default="0"),  # how many rows of `stars` it has
    Column("created_at", Double, nullable=False),
    Index(None, "guild_id", "created_at"),
    Index(None, "guild_id", "stars", "created_at", "job_id"),
    Index(None, "message_id"),
    Index(None, "pending"),
)

stars = Table(
    "stars",
    metadata,
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", Double, nullable=False),
    Index(None, "user_id"),
)

digests = Table(
    "digests",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("week", String(8), primary_key=True),  # ISO 8601, "2026-W48"
    Column("message_id", BigInteger),
    *outbox(),
    Column("created_at", Double, nullable=False),
    Index(None, "due_at"),
)

challenges = Table(
    "challenges",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),  # who started it
    Column("theme", String(100), nullable=False),
    Column("preset", String(100)),  # the style that every entry is painted in
    Column("style_blob", String(64)),
    Column("style_user_id", BigInteger),  # whose picture the style is; None: a painting
    Column("state", String(16), nullable=False),  # open, voting, ended
    Column("message_id", BigInteger),  # the newest: its announcement, its vote, or its results
    Column("menu_message_id", BigInteger),  # the vote's, once that is over, until its menu is gone
    Column("closes_at", Double),  # when the entries, then the vote, close by themselves
    Column("vote_s", Double),  # how long the vote lasts
    Column("reminded", Boolean, nullable=False, server_default=false()),  # of `closes_at`
    *outbox(),  # due_at: what comes next, see bot.domain.challenges.challenges
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Index(None, "due_at"),
    Index(None, "guild_id", "state"),
    Index(None, "user_id"),
    Index(None, "style_user_id"),
    Index(None, "style_blob"),
    Index(
        "uq_challenges_running",  # one at a time in a server
        "guild_id",
        unique=True,
        **where("state <> 'ended'"),
    ),
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    metadata,
    Column("challenge_id", RowId, ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", RowId, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("number", Integer),  # by which voters know it; None before the vote
    Column("message_id", BigInteger),  # the message of the vote that shows it
    Index(None, "job_id"),
    Index(None, "user_id"),
)

votes = Table(
    "votes",
    metadata,
    Column("challenge_id", RowId, ForeignKey("challenges.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entrant_id", BigInteger, nullable=False),  # whose entry it is for
    Column("created_at", Double, nullable=False),
    Index(None, "user_id"),
    Index(None, "entrant_id"),
)

takedowns = Table(
    "leftovers",  # an older name, kept in the database
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    # Of a message that only its person sees: while this is valid, it can be deleted through it.
    Column("interaction_token", Text),
    Column("token_until", Double),
    *outbox(),
    Index(None, "due_at"),
)
