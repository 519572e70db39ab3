"""posology store: make, keep and move the database of the application."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from posology.cli.options import ConfigFile
from posology.cli.show import JsonFlag, count, print_json, say
from posology.cli.site import (
    Address,
    KeyFile,
    ProfileName,
    address_of,
    keys_of,
    open_site,
    require_packages,
)

__all__ = ["app"]

app = typer.Typer(help="Make, back up, restore and check the store.", no_args_is_help=True)


@app.command("new-key")
def new_key(file: Annotated[Path, typer.Argument(help="The file to make.", metavar="FILE")]) -> None:
    """Make an encryption key; whoever has it reads the store, and without it nobody does."""
    require_packages()
    from posology.store import new_key_file

    made = new_key_file(file)
    say(f"{file}: key {made.current.id}. Keep a copy apart from the store and from its backups.")


@app.command()
def init(
    store: Address = None, key: KeyFile = None, config: ConfigFile = None, profile: ProfileName = None
) -> None:
    """Make the store: its database where there is none, its tables, its keys and its ledger."""
    address, keys = address_of(store, config, profile), keys_of(key, config, profile)
    from posology.review.audit import Query, entries
    from posology.store import init_store

    with closing(init_store(address, keys)) as made:
        details = entries(made, Query(limit=1)).entries[0]["details"]
    say(f"Store made: ledger {details['log']}, signed by the key {details['key_id']}.")
    say(f"Note elsewhere its public key: {details['public_key']}")


@app.command()
def migrate(
    store: Address = None, key: KeyFile = None, config: ConfigFile = None, profile: ProfileName = None
) -> None:
    """Bring the tables of a store to this program's version; make a backup first."""
    address, keys = address_of(store, config, profile), keys_of(key, config, profile)
    from posology.store.migration import migrate_store

    done = migrate_store(address, keys)
    if done.was == done.revision:
        say(f"The store has version {done.revision} already; nothing was changed.")
    else:
        say(f"Version {done.was} became {done.revision}; {count(done.rows, 'row')} changed.")


@app.command("rotate-key")
def rotate_key(
    new: Annotated[Path, typer.Argument(help="The file of the new key: its first line.", metavar="FILE")],
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
) -> None:
    """Put a new encryption key in the place of the one in use."""
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.store import read_keys
        from posology.store.rotation import rotate_master

        keys = read_keys(new, {})
        rotated = rotate_master(opened, keys)
    say(f"{rotated} data keys wrapped by {keys.current.id}; name {new} in the settings from now on.")
    say("Keep the key before for as long as you keep backups made with it.")


@app.command("backup")
def make_backup(
    target: Annotated[Path, typer.Argument(help="A folder, or a file NAME.zip.", metavar="FILE")],
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
    as_json: JsonFlag = False,
) -> None:
    """Write all of the store, still encrypted, into one file; it may be in use meanwhile."""
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.store.backup import backup

        made = backup(opened, target)
    if as_json:
        values = {"file": str(made.file), "sha256": made.sha256, "rows": made.rows, "size": made.size}
        print_json(values | {"root": made.root})
        return
    say(f"{made.file}: {count(made.rows, 'row')}, {count(made.size, 'ledger entry')}.")
    say("It opens only with the encryption key, which is not in it.")


@app.command("restore")
def restore_backup(
    file: Annotated[Path, typer.Argument(help="A backup.", metavar="FILE")],
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
) -> None:
    """Restore a backup into an empty database, SQLite or PostgreSQL, and verify it."""
    address, keys = address_of(store, config, profile), keys_of(key, config, profile)
    from posology.review.audit import signed_head
    from posology.store.restoring import restore

    with closing(restore(file, address, keys)) as restored:
        say(f"Restored and verified: {count(signed_head(restored).size, 'ledger entry')}.")


@app.command()
def check(
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
    as_json: JsonFlag = False,
) -> None:
    """Check version, key, tables, ledger and every row; exit with 2 where one is not right."""
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.store.revisions import find_differences
        from posology.store.verification import verify_store

        with opened.read() as connection:
            differences = find_differences(connection)
        report = verify_store(opened)
    if as_json:
        print_json(report.as_json() | {"ok": report.ok and not differences, "differences": differences})
    else:
        for problem in (*(f"tables: {words}" for words in differences), *report.problems):
            say(problem)
        found = report.found + len(differences)
        say(f"{count(report.rows, 'row')}, {count(report.size, 'ledger entry')}, {count(found, 'problem')}.")
    if differences or not report.ok:
        raise typer.Exit(2)


@app.command("edits")
def export_edits(
    target: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE.jsonl")],
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
    as_json: JsonFlag = False,
) -> None:
    """Write reviewers' signed edits, de-identified, as preferences to tune by; needs the site's consent."""
    from posology.config import load_settings
    from posology.errors import OutputError

    if target.exists():
        raise OutputError(f"{target}: stands there already; name another file")
    settings = load_settings(config, profile=profile)
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.files import write_atomic
        from posology.review.edits import export_edits as export
        from posology.store import SYSTEM

        made = export(opened, SYSTEM, settings.serve.consent, settings.practice)
        write_atomic(target, made.data)
    if as_json:
        left_out = dict(made.left_out)
        print_json({"file": str(target), "edits": made.edits, "packets": made.packets, "left_out": left_out})
        return
    say(f"{target}: {count(made.edits, 'edit')} of {count(made.packets, 'packet')}.")
    for reason, number in made.left_out.items():
        say(f"Left out: {count(number, 'edit')}, {reason}.")
