"""Indexes with which nothing grows with the history that need not."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_jobs_user_id_priority", "jobs", ["user_id", "priority"], None),
    ("ix_jobs_reference", "jobs", ["reference"], "reference IS NOT NULL"),
    ("ix_jobs_content_blob", "jobs", ["content_blob"], "content_blob <> ''"),
    ("ix_jobs_style_blob", "jobs", ["style_blob"], "style_blob <> ''"),
    ("ix_jobs_mask_blob", "jobs", ["mask_blob"], "mask_blob <> ''"),
    ("ix_jobs_start_blob", "jobs", ["start_blob"], "start_blob <> ''"),
    ("ix_jobs_timelapse_blob", "jobs", ["timelapse_blob"], "timelapse_blob <> ''"),
    ("ix_jobs_blends", "jobs", ["id"], "content_blob <> '' AND CAST(more_styles AS TEXT) <> 'null'"),
    ("ix_jobs_inputs_kept", "jobs", ["ended_at"], "content_blob <> ''"),
    ("ix_jobs_results_kept", "jobs", ["ended_at"], "result_blob IS NOT NULL"),
    ("ix_deliveries_tokens_kept", "deliveries", ["token_until"], "interaction_token <> ''"),
    ("ix_presets_style_blob", "presets", ["style_blob"], None),
    ("ix_server_presets_style_blob", "server_presets", ["style_blob"], None),
    ("ix_server_presets_user_id", "server_presets", ["user_id"], None),
    ("ix_people_style_blob", "people", ["style_blob"], None),
    ("ix_challenges_style_blob", "challenges", ["style_blob"], None),
    ("ix_challenges_style_user_id", "challenges", ["style_user_id"], None),
    ("ix_challenges_user_id", "challenges", ["user_id"], None),
    ("ix_digests_due_at", "digests", ["due_at"], None),
    ("ix_entries_user_id", "entries", ["user_id"], None),
    ("ix_stars_user_id", "stars", ["user_id"], None),
    ("ix_votes_user_id", "votes", ["user_id"], None),
    ("ix_votes_entrant_id", "votes", ["entrant_id"], None),
)


def upgrade() -> None:
    for name, table, columns, rows in INDEXES:
        only = sa.text(rows) if rows else None
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    for name, table, *_rest in reversed(INDEXES):
        op.drop_index(name, table_name=table)
