"""How large each stored picture is, and whose request brought it here."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_pictures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_stored_pictures")),
    )
    op.create_index(op.f("ix_stored_pictures_user_id"), "stored_pictures", ["user_id"])


def downgrade() -> None:
    op.drop_table("stored_pictures")
