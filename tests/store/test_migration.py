"""A migration keeps the data, binds every changed row anew, and never hides that one was altered before."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from posology.errors import LedgerError, StoreError
from posology.review.audit import Query, entries
from posology.store import Store, open_store
from posology.store.migration import Migration, migrate_store
from posology.store.revisions import SCRIPTS
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS
from tests.store.populated import populate

NEXT = '''"""The next version: names of policies in upper case, and an index."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change data and structure."""
    op.execute("UPDATE packets SET policy_id = upper(policy_id)")
    with op.batch_alter_table("users", recreate="auto") as batch:
        batch.create_index("ix_users_name", ["name"])
    {more}
'''


def next_version(folder: Path, more: str = "") -> Path:
    scripts = folder / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "version_0002.py").write_text(NEXT.replace("{more}", more))
    return scripts


def test_a_store_with_data_goes_from_the_first_version_to_the_next(
    store: Store, store_address: str, tmp_path: Path
) -> None:
    populate(store, packets=3)
    done = migrate_store(store_address, TEST_KEYS, scripts=next_version(tmp_path))
    assert done == Migration("0001", "0002", 3)
    assert verify_store(store).ok
    newest = entries(store, Query(limit=1)).entries[0]
    assert (newest["kind"], newest["details"]) == (
        "migration.applied",
        {"revision": "0002", "was": "0001", "rows": 3},
    )
    with pytest.raises(StoreError, match="newer program"):
        open_store(store_address, TEST_KEYS)


def test_a_store_of_the_newest_version_is_left_as_it_is(store: Store, store_address: str) -> None:
    before = entries(store, Query()).size
    assert migrate_store(store_address, TEST_KEYS).rows == 0
    assert entries(store, Query()).size == before


def test_a_migration_does_not_cover_up_an_alteration(
    store: Store, store_address: str, tmp_path: Path
) -> None:
    populate(store)
    with store.volatile() as connection:
        connection.execute(text("UPDATE packets SET payer = 'another' WHERE id = 'packet1'"))
    with pytest.raises(LedgerError, match="packets/packet1"):
        migrate_store(store_address, TEST_KEYS, scripts=next_version(tmp_path))
    open_store(store_address, TEST_KEYS).close()


def test_a_migration_that_fails_half_way_leaves_the_version_before(
    store: Store, store_address: str, tmp_path: Path
) -> None:
    populate(store)
    scripts = next_version(tmp_path, 'op.execute("SELECT * FROM missing_table")')
    with pytest.raises(StoreError):
        migrate_store(store_address, TEST_KEYS, scripts=scripts)
    again = open_store(store_address, TEST_KEYS)
    assert verify_store(again).ok
    again.close()


def test_an_older_store_is_not_opened_and_the_message_names_the_command(
    store: Store, store_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from posology.store.revisions import require_head

    scripts = next_version(tmp_path)
    with store.read() as connection, pytest.raises(StoreError, match="posology store migrate"):
        require_head(connection, "here", scripts)
