"""Requests are written down before Discord is told "thinking", so that a crash loses none."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("interaction_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("interaction_token", sa.Text(), nullable=False),
        sa.Column("token_until", sa.Double(), nullable=False),
        sa.Column("filesize_limit", sa.BigInteger(), nullable=False),
        sa.Column("channel_reachable", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.JSON(none_as_null=True)),
        sa.Column("refusal", sa.Text()),
        sa.Column("due_at", sa.Double(), server_default="0"),
        sa.Column("lease_until", sa.Double(), nullable=False, server_default="0"),
        sa.Column("leased_by", sa.String(length=100)),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_user_id"), "requests", ["user_id"])
    op.create_index(op.f("ix_requests_due_at"), "requests", ["due_at"])


def downgrade() -> None:
    op.drop_table("requests")
