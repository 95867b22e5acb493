"""By which number a vote shows an entry, and in which message; messages that are to be taken down."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("number", sa.Integer))
    op.add_column("entries", sa.Column("message_id", sa.BigInteger))
    op.create_table(
        "leftovers",
        sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry_at", sa.Double, nullable=False, server_default="0"),
    )
    op.create_index(op.f("ix_leftovers_retry_at"), "leftovers", ["retry_at"])


def downgrade() -> None:
    op.drop_table("leftovers")
    op.drop_column("entries", "message_id")
    op.drop_column("entries", "number")
