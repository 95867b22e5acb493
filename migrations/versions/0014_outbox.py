"""One set of columns for what is sent to Discord: when it is due, who is at it, how often it failed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OF_DELIVERIES = {"held_until": "lease_until", "held_by": "leased_by", "note": "last_error"}
DUE_AT = {"existing_type": sa.Double(), "existing_server_default": "0"}


def _added() -> tuple[sa.Column, ...]:
    return (
        sa.Column("lease_until", sa.Double, nullable=False, server_default="0"),
        sa.Column("leased_by", sa.String(100)),
        sa.Column("last_error", sa.Text),
    )


def upgrade() -> None:
    op.drop_index(op.f("ix_leftovers_retry_at"), "leftovers")
    for table in ("deliveries", "exhibits", "leftovers"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("retry_at", new_column_name="due_at", nullable=True, **DUE_AT)
            if table == "deliveries":
                for old, new in OF_DELIVERIES.items():
                    batch.alter_column(old, new_column_name=new)
            else:
                for column in _added():
                    batch.add_column(column)
    op.create_index(op.f("ix_leftovers_due_at"), "leftovers", ["due_at"])
    op.add_column("digests", sa.Column("due_at", sa.Double, server_default="0"))
    op.add_column("digests", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    for column in _added():
        op.add_column("digests", column)
    op.execute("UPDATE digests SET due_at = NULL")  # they were told, or never will be


def downgrade() -> None:
    for name in ("last_error", "leased_by", "lease_until", "tries", "due_at"):
        op.drop_column("digests", name)
    op.drop_index(op.f("ix_leftovers_due_at"), "leftovers")
    for table in ("deliveries", "exhibits", "leftovers"):
        with op.batch_alter_table(table) as batch:
            for old, new in OF_DELIVERIES.items():
                if table == "deliveries":
                    batch.alter_column(new, new_column_name=old)
                else:
                    batch.drop_column(new)
            batch.alter_column("due_at", new_column_name="retry_at", nullable=False, **DUE_AT)
    op.create_index(op.f("ix_leftovers_retry_at"), "leftovers", ["retry_at"])
