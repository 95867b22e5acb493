"""What a community needs: settings, art channels, challenges, shared presets, and more of each job."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_blocks")),
    )
    op.create_table(
        "challenges",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("theme", sa.String(length=100), nullable=False),
        sa.Column("preset", sa.String(length=100), nullable=True),
        sa.Column("style_blob", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_challenges_guild_id_state"), "challenges", ["guild_id", "state"], unique=False)

    op.create_table(
        "digests",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "week", name=op.f("pk_digests")),
    )
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("toured_at", sa.Double(), nullable=True),
        sa.Column("left_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guilds")),
    )
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("style_blob", sa.String(length=64), nullable=True),
        sa.Column("style_name", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_people")),
    )
    op.create_table(
        "server_presets",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=100), nullable=False),
        sa.Column("look", sa.JSON(), nullable=False),
        sa.Column("style_blob", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_presets")),
        sa.UniqueConstraint("guild_id", "name_key", name=op.f("uq_server_presets_guild_id_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entries",
        sa.Column("challenge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["challenges.id"],
            name=op.f("fk_entries_challenge_id_challenges"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_entries_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", name=op.f("pk_entries")),
    )
    op.create_table(
        "exhibits",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_exhibits_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_exhibits")),
    )
    op.create_index(
        op.f("ix_exhibits_guild_id_created_at"), "exhibits", ["guild_id", "created_at"], unique=False
    )

    op.create_table(
        "stars",
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_stars_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "user_id", name=op.f("pk_stars")),
    )
    op.create_table(
        "votes",
        sa.Column("challenge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entrant_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["challenges.id"],
            name=op.f("fk_votes_challenge_id_challenges"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", name=op.f("pk_votes")),
    )
    op.add_column("jobs", sa.Column("more_styles", sa.JSON(), nullable=True))
    op.add_column("jobs", sa.Column("style_weight", sa.Double(), server_default="1", nullable=False))
    op.add_column("jobs", sa.Column("mask_blob", sa.String(length=64), nullable=True))
    op.add_column("jobs", sa.Column("start_blob", sa.String(length=64), nullable=True))
    op.add_column(
        "jobs", sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column(
        "jobs", sa.Column("challenge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column("jobs", sa.Column("language", sa.String(length=10), server_default="en", nullable=False))
    op.add_column("jobs", sa.Column("spoiler", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "jobs", sa.Column("age_restricted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("jobs", sa.Column("timelapse_blob", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_jobs_guild_id_created_at"), "jobs", ["guild_id", "created_at"], unique=False)
    op.create_index(op.f("ix_jobs_user_id_created_at"), "jobs", ["user_id", "created_at"], unique=False)

    op.add_column("presets", sa.Column("favourite", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("presets", sa.Column("code", sa.String(length=16), nullable=True))
    op.create_index(op.f("ix_presets_code"), "presets", ["code"], unique=True)


def downgrade() -> None:

    op.drop_index(op.f("ix_presets_code"), table_name="presets")
    op.drop_column("presets", "code")
    op.drop_column("presets", "favourite")

    op.drop_index(op.f("ix_jobs_user_id_created_at"), table_name="jobs")
    op.drop_index(op.f("ix_jobs_guild_id_created_at"), table_name="jobs")
    op.drop_column("jobs", "timelapse_blob")
    op.drop_column("jobs", "age_restricted")
    op.drop_column("jobs", "spoiler")
    op.drop_column("jobs", "language")
    op.drop_column("jobs", "challenge_id")
    op.drop_column("jobs", "parent_id")
    op.drop_column("jobs", "start_blob")
    op.drop_column("jobs", "mask_blob")
    op.drop_column("jobs", "style_weight")
    op.drop_column("jobs", "more_styles")

    op.drop_table("votes")
    op.drop_table("stars")
    op.drop_index(op.f("ix_exhibits_guild_id_created_at"), table_name="exhibits")

    op.drop_table("exhibits")
    op.drop_table("entries")
    op.drop_table("server_presets")
    op.drop_table("people")
    op.drop_table("guilds")
    op.drop_table("digests")
    op.drop_index(op.f("ix_challenges_guild_id_state"), table_name="challenges")

    op.drop_table("challenges")
    op.drop_table("blocks")
