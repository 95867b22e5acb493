"""Moving pictures: the frames of the content, those that are painted, and what a run goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BLOBS = ("clip_blob", "checkpoint_blob", "result_clip_blob")
FOUND = ("clip_blob", "result_clip_blob")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("frames", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("frame", sa.Integer(), nullable=True))
    for name in BLOBS:
        op.add_column("jobs", sa.Column(name, sa.String(64), nullable=True))
    for name in FOUND:
        kept = sa.text(f"{name} <> ''")
        op.create_index(f"ix_jobs_{name}", "jobs", [name], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    for name in FOUND:
        op.drop_index(f"ix_jobs_{name}", "jobs")
    for name in (*BLOBS, "frame", "frames"):
        op.drop_column("jobs", name)
