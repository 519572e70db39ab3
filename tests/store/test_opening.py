"""A store is made whole or not at all, and opens only with its key and the right version of its tables."""

import pytest
from sqlalchemy import select, text

from posology.errors import KeyFileError, StoreError
from posology.store import MasterKey, MasterKeys, Store, init_store, open_store
from posology.store.revisions import find_differences
from posology.store.schema import ledger_entries
from tests.databases import TEST_KEYS


def test_migrations_make_exactly_the_tables_that_the_program_was_written_for(store: Store) -> None:
    with store.read() as connection:
        assert find_differences(connection) == []


def test_a_new_store_records_its_own_making(empty_database: str) -> None:
    store = init_store(empty_database, TEST_KEYS)
    with store.read() as connection:
        assert connection.execute(select(ledger_entries.c.kind)).scalars().all() == ["store.created"]
    store.close()


def test_a_store_is_never_made_over_another(store_address: str) -> None:
    with pytest.raises(StoreError, match="holds a store already"):
        init_store(store_address, TEST_KEYS)


def test_an_empty_database_is_not_opened(empty_database: str) -> None:
    with pytest.raises(StoreError, match="posology store init"):
        open_store(empty_database, TEST_KEYS)


def test_another_key_opens_nothing_and_the_message_names_the_one_that_would(store_address: str) -> None:
    other = MasterKeys((MasterKey(bytes(32)),), "other.key")
    with pytest.raises(KeyFileError, match=f"other.key: .*{TEST_KEYS.current.id}"):
        open_store(store_address, other)


@pytest.mark.parametrize(
    ("revision", "words"), [("9999", "newer program"), ("0000", "newer program")], ids=["newer", "unknown"]
)
def test_a_database_of_another_version_is_refused(store: Store, revision: str, words: str) -> None:
    address = store.engine.url.render_as_string(hide_password=False)
    with store.volatile() as connection:
        connection.execute(text("UPDATE store_version SET version_num = :to"), {"to": revision})
    with pytest.raises(StoreError, match=words):
        open_store(address, TEST_KEYS)
