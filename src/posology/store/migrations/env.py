"""Runs the migrations on the connection, and in the transaction, that ``revisions.upgrade`` hands over."""

from alembic import context

from posology.store.revisions import VERSION_TABLE
from posology.store.schema import METADATA

__all__: list[str] = []

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
