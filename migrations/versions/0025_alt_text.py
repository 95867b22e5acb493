"""Artists say themselves what their picture shows, for those who cannot see it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("alt_text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "alt_text")
