"""posology curate: texts, notes and charts become a corpus that may be learned from."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.show import JsonFlag, count, print_json, print_table, progress, say, warn

if TYPE_CHECKING:
    from posology.corpus import Counts, Curation, Protected, ProtectedText, Spec
    from posology.evaluate.task import Task

__all__ = ["curate"]

_SHOWN = 12  # reasons in the table


def curate(  # noqa: PLR0913 - one option each
    source: Annotated[
        Path,
        typer.Argument(
            help="What to curate: a SPEC.toml, or a folder of notes and charts.", metavar="SPEC|DIR"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The corpus folder to write; not needed with --dry-run.", metavar="DIR"),
    ] = None,
    licence: Annotated[
        str, typer.Option(help="Of a folder: under which licence its texts are.")
    ] = "not stated",
    consent: Annotated[str, typer.Option(help="Of a folder: the site's consent setting or agreement.")] = "",
    tasks: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep out the test texts of a task, or of all; may be given again.", metavar="NAME"
        ),
    ] = None,
    tests: Annotated[
        list[Path] | None,
        typer.Option(help="Keep out the test texts of a file; may be given again.", metavar="FILE"),
    ] = None,
    save_tests: Annotated[
        Path | None, typer.Option(help="Save the test texts of --tasks, hashed, for --tests.", metavar="FILE")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The data sets of the tasks; else POSOLOGY_DATA.", metavar="DIR")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="32 or more secret bytes: the same surrogates in every run.", metavar="FILE"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a corpus that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would stay; write nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a corpus: de-identified, filtered, without copies and test texts, each text with its licence."""
    from posology.corpus import curate as make_corpus
    from posology.errors import UserError

    if (out is None) != dry_run:
        raise UserError("name the folder to write with --out DIR, or pass --dry-run to write nothing")
    spec, beside = _spec(source, licence, consent)
    protected = _protected(tasks or [], tests or [], data)
    if save_tests is not None:
        _save(protected, save_tests)
    curation = _curation(source, spec, beside, key, protected)
    with progress(quiet=as_json) as steps:
        counts = make_corpus(
            curation, out, overwrite=overwrite, progress=lambda what, done: steps(f"{what}: {done:,}")
        )
    _show(counts, out, as_json=as_json)


def _spec(source: Path, licence: str, consent: str) -> "tuple[Spec, Path]":
    from posology.corpus import read_spec, spec_of_folder
    from posology.errors import UserError

    if not source.is_dir():
        if licence != "not stated" or consent:
            raise UserError("--licence and --consent are for a folder; a specification has them in it")
        return read_spec(source), source.parent
    return spec_of_folder(source, licence=licence, consent=consent), source


def _curation(
    source: Path, spec: "Spec", beside: Path, key: Path | None, protected: "Protected | None"
) -> "Curation":
    from posology.corpus import Curation
    from posology.errors import UserError

    secret = None
    if key is not None:
        try:
            secret = key.read_bytes()
        except OSError as cause:
            raise UserError(f"{key}: cannot be read ({cause.strerror})") from cause
    return Curation(spec, beside, None if source.is_dir() else source, secret, protected)


def _protected(names: Sequence[str], files: Sequence[Path], data: Path | None) -> "Protected | None":
    from posology.corpus import build_protected, join_protected, load_protected

    found = [load_protected([path]) for path in files]
    if names:
        found.append(build_protected(_test_texts(_tasks(names), data)))
    return join_protected(found) if found else None


def _tasks(names: Sequence[str]) -> "list[Task]":
    from posology.evaluate.tasks import TASKS, find_task

    return list(TASKS.values()) if "all" in names else [find_task(name) for name in names]


def _test_texts(tasks: "Sequence[Task]", data: Path | None) -> "Iterator[ProtectedText]":
    """Yield what the parts select and report of tasks are made of: texts, options, gold texts."""
    from posology.corpus import ProtectedText
    from posology.evaluate.splits import data_folder, load_parts
    from posology.evaluate.task import Part

    folder = data_folder(data)
    for task in tasks:
        if not (folder / task.folder).exists():
            warn(f"{task.name}: its data is not in {folder}; its test texts are not kept out")
            continue
        parts = load_parts(task, folder)
        for part in (Part.SELECT, Part.REPORT):
            for item in parts[part]:
                options = "\n".join(item.options)
                gold = item.gold if isinstance(item.gold, str) and item.gold not in item.options else ""
                for text in dict.fromkeys((item.text, f"{item.text}\n{options}", options, gold)):
                    if text.strip():
                        yield ProtectedText(f"{task.name}, {part}", text)


def _save(protected: "Protected | None", path: Path) -> None:
    from posology.corpus import save_protected
    from posology.errors import UserError

    if protected is None:
        raise UserError("--save-tests: name the tasks with --tasks all, or --tasks NAME")
    save_protected(protected, path)


def _show(counts: "Counts", out: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json(counts.to_json())
        return
    rows = [(name, counts.read[name], counts.kept[name], counts.words[name]) for name in counts.read]
    print_table("Sources", ["source", "read", "kept", "words kept"], rows)
    reasons = counts.by_reason()
    print_table("Left out", ["source", "reason", "texts"], reasons[:_SHOWN])
    if len(reasons) > _SHOWN:
        say(f"... and {count(len(reasons) - _SHOWN, 'further reason')}")
    if not counts.protected:
        warn("No test texts were given (--tasks all): nothing shows that none is in the corpus.")
    if out is not None:
        say(f"Corpus: {out} (records.jsonl, rejected.jsonl, card.md and manifest.json)")
