"""Which jobs can be painted in one pass, and with how many others each was."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("batch_key", sa.String(length=64), nullable=True))
    op.add_column("jobs", sa.Column("batch_size", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("jobs", "batch_size")
    op.drop_column("jobs", "batch_key")
