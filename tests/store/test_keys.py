"""Keys: nothing opens with a wrong one, a new one takes over whole, and what is destroyed stays destroyed."""

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from posology.errors import InternalError, KeyFileError, NotFound
from posology.ledger.entries import Kind
from posology.review.audit import signed_head
from posology.store import SYSTEM, Cipher, MasterKey, MasterKeys, Store, new_key_file, open_store, read_keys
from posology.store.rotation import rotate_master
from posology.store.schema import METADATA
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS
from tests.store.populated import populate

NEW = MasterKeys((MasterKey(b"n" * 32),), "new.key")


def test_after_rotation_the_new_key_alone_opens_everything(store: Store, store_address: str) -> None:
    populate(store)
    head = signed_head(store)
    rotated = rotate_master(store, NEW)
    assert rotated == 6
    with pytest.raises(KeyFileError, match=NEW.current.id):
        open_store(store_address, TEST_KEYS)
    opened = open_store(store_address, NEW)
    report = verify_store(opened, [head])
    assert report.problems == ()
    packets = METADATA.tables["packets"]
    with opened.read() as connection:
        row = connection.execute(packets.select()).first()
        assert opened.cipher(connection, row.key_id).open(row.card, f"packets/card/{row.id}") == b"card"
    opened.close()


def test_a_program_that_was_not_told_of_the_new_key_makes_no_more_data_keys(
    store: Store, store_address: str
) -> None:
    late = open_store(store_address, TEST_KEYS)
    rotate_master(store, NEW)
    with pytest.raises(KeyFileError, match=NEW.current.id), late.write(SYSTEM) as w:
        w.new_key("chart")
    late.close()


def test_with_both_keys_in_the_file_a_program_works_before_and_after_rotation(
    store: Store, store_address: str
) -> None:
    both = open_store(store_address, MasterKeys((*NEW.keys, *TEST_KEYS.keys)))
    for _ in range(2):
        with both.write(SYSTEM) as w:
            w.new_key("chart")
            w.record(Kind.CHART_UPLOADED)
        if store.masters != NEW:
            assert rotate_master(store, NEW) == 5
    both.masters = NEW
    assert verify_store(both).ok
    both.close()


def test_rotation_without_the_old_key_names_it_and_changes_nothing(store: Store) -> None:
    store.masters = NEW
    with pytest.raises(KeyFileError, match=TEST_KEYS.current.id):
        rotate_master(store, NEW)
    store.masters = TEST_KEYS
    assert verify_store(store).ok


def test_rotation_to_the_key_in_use_is_refused(store: Store) -> None:
    with pytest.raises(KeyFileError, match="wraps this store's keys already"):
        rotate_master(store, TEST_KEYS)


def test_a_destroyed_key_is_gone_at_once_for_every_program_that_had_used_it(
    store: Store, store_address: str
) -> None:
    other = open_store(store_address, TEST_KEYS)
    with store.write(SYSTEM) as w:
        key = w.new_key("chart").key_id
        w.record(Kind.CHART_UPLOADED)
    with other.read() as connection:
        assert other.cipher(connection, key).key_id == key
    with store.write(SYSTEM) as w:
        w.destroy_key(key)
        w.record(Kind.CHART_DELETED)
    with other.read() as connection, pytest.raises(NotFound, match="destroyed"):
        other.cipher(connection, key)
    assert verify_store(store).ok
    other.close()


def test_the_stores_own_keys_are_never_destroyed(store: Store) -> None:
    with pytest.raises(KeyFileError, match="never destroyed"), store.write(SYSTEM) as w:
        w.destroy_key("ledger")


def test_a_data_key_that_was_altered_does_not_open(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.volatile() as connection:
        connection.execute(text("UPDATE keys SET wrapped = zeroblob(60) WHERE id = 'system'"))
    with pytest.raises(KeyFileError, match="data key system"):
        sqlite_store.check_key()


def test_a_value_opens_only_in_its_place_and_unaltered() -> None:
    cipher = Cipher("k", bytes(32))
    sealed = cipher.seal(b"text", "packets/card/a")
    assert cipher.open(sealed, "packets/card/a") == b"text"
    for value, place in (
        (sealed, "packets/card/b"),
        (sealed[:-1], "packets/card/a"),
        (b"", "packets/card/a"),
        (sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], "packets/card/a"),
    ):
        with pytest.raises(KeyFileError, match="altered or moved"):
            cipher.open(value, place)
    with pytest.raises(KeyFileError, match="altered or moved"):
        Cipher("k", b"o" * 32).open(sealed, "packets/card/a")


def test_equal_values_are_sealed_differently_and_hashed_alike() -> None:
    cipher = Cipher("k", bytes(32))
    assert cipher.seal(b"x", "p") != cipher.seal(b"x", "p")
    assert cipher.hash("name", b"x") == cipher.hash("name", b"x") != cipher.hash("member", b"x")


def test_a_key_file_is_its_owners_alone_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "store.key"
    made = new_key_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_keys(file, {}).keys == made.keys
    with pytest.raises(KeyFileError, match="is there already"):
        new_key_file(file)
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(file, {})


BAD_FILES = [
    ("", "holds no key"),
    ("# only a comment\n", "holds no key"),
    ("posology-key/1 abc\n", "reads"),
    ("posology-key/1 abc ####\n", "not base64"),
    ("posology-key/1 abc AAAA\n", "32 bytes"),
    ("posology-key/1 0000000000000000 " + "A" * 43 + "=\n", "damaged"),
    ("caf\u00e9", "not a key file"),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES)
def test_a_malformed_key_file_is_named_and_its_key_is_not_shown(
    tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "store.key"
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match=words) as caught:
        read_keys(file, {})
    assert "A" * 20 not in str(caught.value)


def test_without_any_key_the_message_says_how_to_make_one() -> None:
    with pytest.raises(KeyFileError, match="posology store new-key FILE"):
        read_keys(None, {})


def test_a_key_may_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "store.key"
    made = new_key_file(file)
    assert read_keys(None, {"POSOLOGY_KEY_FILE": str(file)}).keys == made.keys
    assert read_keys(None, {"POSOLOGY_KEY": file.read_text()}).keys == made.keys
    with pytest.raises(KeyFileError, match=r"missing\.key"):
        read_keys(None, {"POSOLOGY_KEY_FILE": str(tmp_path / "missing.key")})


def test_no_repr_shows_a_key() -> None:
    shown = repr(TEST_KEYS) + repr(TEST_KEYS.current) + repr(Cipher("k", b"s" * 32))
    assert "ssss" not in shown
    assert os.fsdecode(repr(TEST_KEYS.current.secret)) not in shown


def test_rows_changed_without_a_record_are_not_kept(store: Store) -> None:
    with pytest.raises(InternalError, match="nothing was kept"), store.write(SYSTEM) as w:
        w.new_key("chart")
    assert verify_store(store).ok
