"""A database with a past: jobs that ended long ago, with what people have done with their pictures since."""

import json
from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bot.db import Database
from nst_core.params import Params

NOW: Final = 1_800_000_000.0
BETWEEN_JOBS_S: Final = 30
WAITING: Final = 50
HEAVY: Final = 1
"""Who has asked for every tenth picture."""
BIG: Final = 1
"""The server that every fiftieth picture comes from."""
NEW: Final = 10**9
"""Somebody who was never here."""

_COLUMNS: Final = """
INSERT INTO jobs (id, interaction_id, user_id, guild_id, channel_id, private, look, style_name, params,
    params_version, cost, content_blob, style_blob, more_styles, state, priority, result_blob, figures,
    reference, created_at, started_at, ended_at)
"""
_ENDED: Final = (
    """
WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {jobs}),
m AS (
    SELECT i, i > {jobs} * 8 / 10 AS inputs_kept, i > {jobs} * 4 / 10 AS result_kept,
        {now} - ({jobs} - i) * {between} AS at,
        CASE i % 20 WHEN 7 THEN 'failed' WHEN 13 THEN 'cancelled' ELSE 'delivered' END AS state
    FROM n
)
"""
    + _COLUMNS
    + """
SELECT i, 1000000000000 + i,
    CASE WHEN i % 10 = 5 THEN {heavy} ELSE 2 + i * 7919 % {people} END,
    CASE WHEN i % 50 = 0 THEN {big} ELSE 2 + i * 104729 % 2000 END,
    20, false, {empty}, 'Starry Night', {params}, 1, 30.0,
    CASE WHEN inputs_kept THEN 'content-' || i ELSE '' END,
    CASE WHEN inputs_kept THEN 'style-' || (i % 1000) ELSE '' END,
    {blend}, state, i / 3,
    CASE WHEN state = 'delivered' AND result_kept THEN 'result-' || i END,
    {empty}, CASE WHEN state = 'failed' THEN 'ref-' || i END,
    at - 40, CASE WHEN state <> 'cancelled' THEN at - 30 END, at
FROM m
"""
)
_QUEUED: Final = (
    "WITH RECURSIVE n(i) AS (SELECT {jobs} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < {jobs} + {waiting})"
    + _COLUMNS
    + """
SELECT i, 1000000000000 + i, 2 + i % 20, 2, 20, false, {empty}, 'Starry Night', {params}, 1, 30.0,
    'content-' || i, 'style-1', {null}, 'queued', {jobs} / 3 + 1, NULL, {null}, NULL, {now}, NULL, NULL FROM n
"""
)
_OTHERS: Final = """
INSERT INTO deliveries (job_id, interaction_token, token_until, message_id, filesize_limit, channel_reachable,
    shown_revision, closed)
SELECT id, CASE WHEN id > {jobs} - 100 THEN 'token' ELSE '' END, created_at + 900, 2000000000000 + id,
    10000000, true, 1, id <= {jobs} FROM jobs;

INSERT INTO exhibits (job_id, guild_id, channel_id, message_id, pending, created_at)
SELECT id, guild_id, 30, 3000000000000 + id, NULL, ended_at FROM jobs
WHERE state = 'delivered' AND id % 2 = 0;

INSERT INTO stars (job_id, user_id, created_at)
SELECT job_id, 2 + job_id % 997, created_at FROM exhibits WHERE job_id % 4 = 0;

UPDATE exhibits SET stars = 1 WHERE job_id % 4 = 0;

INSERT INTO painted (guild_id, pictures)
SELECT guild_id, count(*) FROM jobs WHERE state = 'delivered' GROUP BY guild_id;

INSERT INTO guilds (guild_id, settings) SELECT guild_id, {empty} FROM jobs GROUP BY guild_id;

INSERT INTO people (user_id, settings) SELECT user_id, {empty} FROM jobs GROUP BY user_id;

INSERT INTO challenges (id, guild_id, channel_id, user_id, theme, state, due_at, created_at)
SELECT 1 + id / 100, 1 + id / 100, 20, 2, 'sea', 'ended', NULL, created_at FROM jobs WHERE id % 100 = 0;

INSERT INTO entries (challenge_id, user_id, job_id, created_at)
SELECT 1 + id / 100, id, id, created_at FROM jobs WHERE id % 10 = 2 AND id >= 100 AND id <= {jobs};

INSERT INTO votes (challenge_id, user_id, entrant_id, created_at)
SELECT challenge_id, user_id + 1, user_id, created_at FROM entries;

INSERT INTO presets (user_id, name, name_key, look, style_blob, created_at)
SELECT user_id, 'mine', 'mine', {empty}, 'preset-' || user_id, 0 FROM people;

INSERT INTO stored_pictures (key, user_id, size_bytes, held_until)
SELECT result_blob, user_id, 1000, 0 FROM jobs WHERE result_blob IS NOT NULL
"""
_NUMBERED: Final = ("jobs", "presets", "challenges")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What there is in a filled database. job: one that hangs in the big server."""

    jobs: int
    typical: int
    job: int
    last_waiting: int


async def fill(database: Database, jobs: int) -> Past:
    """Fills a migrated and empty database with so many jobs that have ended, and some that wait."""
    sqlite = database.is_sqlite
    known = {
        "jobs": jobs,
        "people": jobs // 30 + 1,
        "waiting": WAITING,
        "heavy": HEAVY,
        "big": BIG,
        "now": NOW,
        "between": float(BETWEEN_JOBS_S),
        "empty": _as_json("'{}'", sqlite=sqlite),
        "null": _as_json("'null'", sqlite=sqlite),
        "params": _as_json(f"'{json.dumps(Params(size=512).as_dict())}'", sqlite=sqlite),
        "blend": _as_json(_BLEND, sqlite=sqlite),
    }
    async with database.begin() as connection:
        for statement in (_ENDED, _QUEUED, *_OTHERS.split(";")):
            sql = statement.format(**known).replace(":", "\\:")
            await connection.execute(text(sql))
        for table in () if sqlite else _NUMBERED:
            last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            await connection.execute(text(last))
    if not sqlite:
        await _tidy(database.url)
    hung = next(number for number in range(jobs, 0, -1) if number % 50 == 0 and number % 20 == 10)
    return Past(jobs=jobs, typical=2 + 7 * 7919 % (jobs // 30 + 1), job=hung, last_waiting=jobs + WAITING)


async def _tidy(url: str) -> None:
    """What a PostgreSQL does by itself every few minutes: without it, no index is enough for a query."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await psycopg.AsyncConnection.connect(plain, autocommit=True)
    async with connection:
        await connection.execute("VACUUM ANALYZE")


_BLEND: Final = """
CASE WHEN i % 100 = 3 AND inputs_kept
THEN '[{"blob": "more-' || i || '", "name": "x", "weight": 1}]' ELSE 'null' END
"""


def _as_json(text: str, *, sqlite: bool) -> str:
    return text if sqlite else f"CAST({text} AS JSON)"
