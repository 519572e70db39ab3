"""posology ledger: verify the record of every act, prove an entry, sign heads, export."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.options import ConfigFile
from posology.cli.show import JsonFlag, count, print_json, say
from posology.cli.site import Address, KeyFile, ProfileName, open_site, require_packages
from posology.errors import LedgerError, OutputError

if TYPE_CHECKING:
    from posology.ledger.heads import SignedHead

__all__ = ["app"]

app = typer.Typer(help="Verify, prove, sign and export the ledger.", no_args_is_help=True)


@app.command()
def verify(  # noqa: PLR0913 - one option each
    file: Annotated[
        Path | None,
        typer.Argument(
            help="An exported ledger or the proof of an entry; else the store's own ledger, with its rows.",
            metavar="[FILE]",
        ),
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Signed heads that were kept elsewhere.", metavar="FILE")
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="The signing key as you know it, hexadecimal.", metavar="HEX")
    ] = None,
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
    as_json: JsonFlag = False,
) -> None:
    """Verify the ledger against itself, the rows it records, and heads kept elsewhere; exit 2 if not."""
    require_packages()
    from posology.ledger.heads import read_heads

    known = read_heads(heads) if heads else ()
    if file is not None:
        _verify_file(file, known, public_key, as_json=as_json)
        return
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.review.audit import verify as verify_now
        from posology.store import SYSTEM

        report = verify_now(opened, SYSTEM, known)
    if as_json:
        print_json(report.as_json())
    else:
        _show(report.problems, f"{count(report.size, 'entry')}, {count(report.rows, 'row')}", report.root)
        if not known:
            say("No head was given: a ledger rewritten as a whole, with its rows, would not be noticed.")
    if not report.ok:
        raise typer.Exit(2)


def _verify_file(
    file: Path, heads: tuple["SignedHead", ...], public_key: str | None, *, as_json: bool
) -> None:
    from posology.ledger.export import verify_export
    from posology.ledger.receipts import read_proof

    proof = read_proof(file)
    if proof is not None:
        _verify_proof(proof, heads, public_key, as_json=as_json)
        return
    found = verify_export(file, heads=heads, public_key=_public_key(public_key))
    if as_json:
        values = {"ok": found.ok, "size": found.size, "root": found.root.hex(), "heads": len(heads)}
        print_json(values | {"problems": list(found.problems)})
    else:
        _show(found.problems, count(found.size, "entry"), found.root.hex())
    if not found.ok:
        raise typer.Exit(2)


def _verify_proof(
    proof: dict[str, Any], heads: tuple["SignedHead", ...], public_key: str | None, *, as_json: bool
) -> None:
    from posology.ledger.receipts import verify_proof

    problems = tuple(verify_proof(proof, public_key=_public_key(public_key), heads=heads))
    if as_json:
        values = {key: proof.get(key) for key in ("index", "size", "public_key")}
        print_json({"ok": not problems} | values | {"problems": list(problems)})
    else:
        for problem in problems:
            say(problem)
        stands = f"entry {proof.get('index')} stands among the {proof.get('size')} of the ledger"
        say(f"{stands}: {'proved' if not problems else 'NOT PROVED'}.")
        if not problems and public_key is None:
            say("The key is the file's own: compare it with the one that the ledger's keeper published.")
    if problems:
        raise typer.Exit(2)


def _public_key(text: str | None) -> bytes | None:
    try:
        found = None if text is None else bytes.fromhex(text)
    except ValueError:
        found = b""
    if found is not None and len(found) != 32:
        raise LedgerError("--public-key: a signing key is 64 hexadecimal digits")
    return found


def _show(problems: tuple[str, ...], counted: str, root: str) -> None:
    for problem in problems:
        say(problem)
    say(f"{counted}, root {root}: {'verified' if not problems else 'NOT VERIFIED'}.")


@app.command()
def prove(
    number: Annotated[int, typer.Argument(help="The entry's number, from 0.", metavar="N", min=0)],
    out: Annotated[Path | None, typer.Option(help="A file instead of the screen.", metavar="FILE")] = None,
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
) -> None:
    """Give the proof that an entry stands in the ledger, to be checked by anybody, anywhere."""
    import json

    from posology.files import write_atomic

    with closing(open_site(store, key, config, profile)) as opened:
        from posology.review.audit import prove as prove_entry
        from posology.store import SYSTEM

        proof = prove_entry(opened, SYSTEM, number)
    if out is None:
        print_json(proof)
        return
    write_atomic(out, (json.dumps(proof, indent=2) + "\n").encode())
    say(f"{out}: entry {number} of {proof['size']}.")


@app.command()
def head(
    append: Annotated[
        Path | None,
        typer.Option(help="Add it to this file, kept where the store cannot write.", metavar="FILE"),
    ] = None,
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
) -> None:
    """Say, signed, what the ledger is now: keep it elsewhere, to find any later alteration."""
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.review.audit import export_head, signed_head
        from posology.store import SYSTEM

        made = signed_head(opened) if append is None else export_head(opened, SYSTEM, append)
    print_json(made.as_json())


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")],
    store: Address = None,
    key: KeyFile = None,
    config: ConfigFile = None,
    profile: ProfileName = None,
) -> None:
    """Write the whole ledger into a file that `posology ledger verify FILE` checks without the store."""
    if file.exists():
        raise OutputError(f"{file}: is there already; name another file")
    with closing(open_site(store, key, config, profile)) as opened:
        from posology.review.audit import save_export
        from posology.store import SYSTEM

        made = save_export(opened, SYSTEM, file)
    say(f"{file}: {count(made.size, 'entry')}, signed by the key {made.key_id}.")
