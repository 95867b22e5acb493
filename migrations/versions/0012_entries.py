"""By which number a vote shows an entry, and in which message."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("number", sa.Integer))
    op.add_column("entries", sa.Column("message_id", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("entries", "message_id")
    op.drop_column("entries", "number")
