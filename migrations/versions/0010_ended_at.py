"""The index by which the newest ended jobs are found."""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_jobs_ended_at"), "jobs", ["ended_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_jobs_ended_at"), table_name="jobs")
