"""Where a card's message is; what is being posted; how a private message is taken down."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

ADDED = {
    "deliveries": {"message_channel_id": sa.BigInteger, "posting_since": sa.Double},
    "leftovers": {"interaction_token": sa.Text, "token_until": sa.Double},
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name)
