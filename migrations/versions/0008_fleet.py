"""Several gateways on one database: who shows a card just now, and PostgreSQL's notices of changed jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The notice holds the id alone, and there is none for mere progress: NOTIFY takes a lock of the whole server
# at commit, and gateways look every half second anyway.
NOTICES = """
CREATE FUNCTION easel_job_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('easel_jobs', NEW.id::text);
    RETURN NULL;
END;
$$;
CREATE TRIGGER easel_job_changed AFTER UPDATE OF state ON jobs
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION easel_job_changed();
"""


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("held_by", sa.String(length=100), nullable=True))
    op.add_column("deliveries", sa.Column("held_until", sa.Double(), server_default="0", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(NOTICES)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION easel_job_changed() CASCADE")
    op.drop_column("deliveries", "held_until")
    op.drop_column("deliveries", "held_by")
