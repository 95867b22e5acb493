"""What was counted anew each time: the stars of an exhibit, and how much was painted for each server.

SQLite looked for blends in an index of all kept inputs, whose words theirs had in common.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BEST = "ix_exhibits_guild_id_stars_created_at_job_id"
STARS = """
UPDATE exhibits SET stars = (SELECT count(*) FROM stars WHERE stars.job_id = exhibits.job_id)
WHERE job_id IN (SELECT job_id FROM stars)
"""
PAINTED = """
INSERT INTO painted (guild_id, pictures)
SELECT coalesce(guild_id, 0), count(*) FROM jobs WHERE state IN ('rendered', 'delivered')
GROUP BY coalesce(guild_id, 0)
"""
BLENDS = "content_blob {} '' AND CAST(more_styles AS TEXT) <> 'null'"


def upgrade() -> None:
    op.add_column("exhibits", sa.Column("stars", sa.Integer(), nullable=False, server_default="0"))
    op.execute(STARS)
    op.create_index(BEST, "exhibits", ["guild_id", "stars", "created_at", "job_id"])
    op.create_table(
        "painted",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pictures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_painted"),
    )
    op.execute(PAINTED)
    _index_blends(">")


def downgrade() -> None:
    _index_blends("<>")
    op.drop_table("painted")
    op.drop_index(BEST, "exhibits")
    op.drop_column("exhibits", "stars")


def _index_blends(than: str) -> None:
    rows = sa.text(BLENDS.format(than))
    op.drop_index("ix_jobs_blends", "jobs")
    op.create_index("ix_jobs_blends", "jobs", ["id"], sqlite_where=rows, postgresql_where=rows)
