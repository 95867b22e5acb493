"""Alembic's entry: runs on the connection that `bot.db.Database.migrate` hands over."""

from alembic import context

from bot.tables.people import ALL

context.configure(
    connection=context.config.attributes["connection"], target_metadata=ALL, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
