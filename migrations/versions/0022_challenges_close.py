"""Challenges close by themselves, and remember whose picture their style is."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0019"
branch_labels = None
depends_on = None


def _columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column("closes_at", sa.Double()),
        sa.Column("vote_s", sa.Double()),
        sa.Column("reminded", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("menu_message_id", sa.BigInteger()),
        sa.Column("style_user_id", sa.BigInteger()),
        sa.Column("due_at", sa.Double(), server_default="0"),
        sa.Column("lease_until", sa.Double(), nullable=False, server_default="0"),
        sa.Column("leased_by", sa.String(length=100)),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text()),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column("challenges", column)
    op.execute("UPDATE challenges SET due_at = NULL")  # those of before have no deadline
    # Whose picture a style is, as far as the preset that it was taken from is still there.
    op.execute(
        "UPDATE challenges SET style_user_id = (SELECT min(p.user_id) FROM server_presets p "
        "WHERE p.guild_id = challenges.guild_id AND p.style_blob = challenges.style_blob)"
    )
    op.create_index(op.f("ix_challenges_due_at"), "challenges", ["due_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_challenges_due_at"), "challenges")
    for column in reversed(_columns()):
        op.drop_column("challenges", column.name)
