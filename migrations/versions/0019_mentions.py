"""People are told when a picture that took long is ready, and welcomed after their first one."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column(
            "job_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("jobs.id", ondelete="CASCADE", name=op.f("fk_mentions_job_id_jobs")),
            nullable=False,
        ),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("due_at", sa.Double(), server_default="0"),
        sa.Column("lease_until", sa.Double(), nullable=False, server_default="0"),
        sa.Column("leased_by", sa.String(length=100)),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_due_at"), "mentions", ["due_at"])
    op.add_column("jobs", sa.Column("own_style", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("people", sa.Column("welcomed_at", sa.Double()))
    _welcome_all_who_are_here()


def _welcome_all_who_are_here() -> None:
    """Who has painted before needs no welcome."""
    jobs = sa.table("jobs", sa.column("user_id"))
    people = sa.table(
        "people", sa.column("user_id"), sa.column("settings", sa.JSON()), sa.column("welcomed_at")
    )
    here = sa.select(jobs.c.user_id)
    op.execute(sa.update(people).where(people.c.user_id.in_(here)).values(welcomed_at=0.0))
    new = here.where(jobs.c.user_id.not_in(sa.select(people.c.user_id))).group_by(jobs.c.user_id)
    rows = new.add_columns(sa.literal({}, sa.JSON()), sa.literal(0.0, sa.Double()))
    op.execute(sa.insert(people).from_select(["user_id", "settings", "welcomed_at"], rows))


def downgrade() -> None:
    op.drop_column("people", "welcomed_at")
    op.drop_column("jobs", "own_style")
    op.drop_table("mentions")
