"""Runs the migrations on the connection, and in the transaction, that ``apply_revisions`` hands over."""

from alembic import context

from posology.store.revisions import VERSION_TABLE
from posology.store.schema import METADATA

__all__ = ["run"]


def run() -> None:
    """Run what is missing."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which alembic loads this file; imported otherwise it does nothing
    run()
