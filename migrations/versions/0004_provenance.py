"""Finding the job of a message, and of a result's file."""

from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_jobs_result_blob"), "jobs", ["result_blob"], unique=False)
    op.create_index(op.f("ix_deliveries_message_id"), "deliveries", ["message_id"], unique=False)
    op.create_index(op.f("ix_exhibits_message_id"), "exhibits", ["message_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_exhibits_message_id"), table_name="exhibits")
    op.drop_index(op.f("ix_deliveries_message_id"), table_name="deliveries")
    op.drop_index(op.f("ix_jobs_result_blob"), table_name="jobs")
