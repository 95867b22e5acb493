"""Art channels: what an exhibit's message does not show yet, and one running challenge per server."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exhibits", sa.Column("pending", sa.Integer(), server_default="1", nullable=True))
    op.create_index(op.f("ix_exhibits_pending"), "exhibits", ["pending"], unique=False)
    op.create_index(op.f("ix_entries_job_id"), "entries", ["job_id"], unique=False)
    op.create_index(
        "uq_challenges_running",
        "challenges",
        ["guild_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )


def downgrade() -> None:
    op.drop_index("uq_challenges_running", table_name="challenges")
    op.drop_index(op.f("ix_entries_job_id"), table_name="entries")
    op.drop_index(op.f("ix_exhibits_pending"), table_name="exhibits")
    op.drop_column("exhibits", "pending")
