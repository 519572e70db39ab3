"""posology adapt: the data that models learn from; lessons, a teacher's documents, pairs, fertility."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.adapt_review import review
from posology.cli.options import ConfigFile, PolicyFolders
from posology.cli.show import JsonFlag, count, print_json, print_table, progress, say

if TYPE_CHECKING:
    from posology.adapt.claims import Claim, Part
    from posology.adapt.embedding.pairs import Pair
    from posology.chat import Generator
    from posology.policies import Policy

__all__ = ["register"]

_Out = Annotated[Path, typer.Option(help="The folder to write.", metavar="DIR")]
_Seed = Annotated[int, typer.Option(help="The same seed makes the same data.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a folder that is there.")]
_Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--policy", help="Use this policy; may be given again. Default: all that nothing is measured on."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands on data to the commands of ``posology adapt``."""
    for command in (lessons, scenarios, teach, review, accept, audit, pairs, claims, fertility):
        app.command()(command)


def lessons(  # noqa: PLR0913 - one option each
    out: _Out,
    judge: Annotated[int, typer.Option(min=0, help="So many single sentences judged.")] = 3000,
    passage: Annotated[int, typer.Option(min=0, help="So many passages judged with a quote.")] = 1000,
    write: Annotated[int, typer.Option(min=0, help="So many facts worded.")] = 1000,
    question: Annotated[
        int, typer.Option(min=0, help="So many sentences that answer a question in words of their own.")
    ] = 0,
    near: Annotated[
        int, typer.Option(min=0, help="So many sentences judged that miss by a side, drug, time or number.")
    ] = 0,
    elsewhere: Annotated[
        int, typer.Option(min=0, help="So many sentences judged that speak of quite another matter.")
    ] = 0,
    chart: Annotated[int, typer.Option(min=0, help="So many sentences of made charts judged.")] = 0,
    record: Annotated[int, typer.Option(min=0, help="So many entries worded, named as records do.")] = 0,
    select: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of matters kept apart in DIR/select.")
    ] = 0.0,
    turns: Annotated[
        int, typer.Option(min=1, help='So many judgements in one conversation; see data.learn = "turns".')
    ] = 1,
    policies: PolicyFolders = None,
    seed: _Seed = 0,
    overwrite: _Overwrite = False,
) -> None:
    """Make examples by rule, with known truth: what the judge and the writer of a draft are asked."""
    from posology.adapt.teacher.stages import Beside, build_lessons
    from posology.testing.teaching import held_texts, make_chart_lessons

    charts = make_chart_lessons(_free_policies([], policies or []), chart, seed=seed) if chart else []
    made = build_lessons(
        out,
        {
            "judge": judge,
            "question": question,
            "near": near,
            "elsewhere": elsewhere,
            "passage": passage,
            "write": write,
            "record": record,
        },
        seed=seed,
        overwrite=overwrite,
        beside=Beside(charts, held_texts(_held_policies(policies or [])), select, turns),
    )
    say(f"{', '.join(f'{n} {kind}' for kind, n in made.items())}: {out}")


def scenarios(
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE.jsonl")],
    number: Annotated[int, typer.Option("--n", min=1, help="How many.")] = 100,
    policy: _Chosen = None,
    policies: PolicyFolders = None,
    seed: _Seed = 0,
) -> None:
    """Make scenarios for a teacher: what a document must say of a policy's questions, and leave open."""
    from posology.adapt.teacher import write_scenarios
    from posology.errors import OutputError
    from posology.testing.teaching import make_scenarios

    if out.exists():
        raise OutputError(f"{out}: stands there already; name another --out")
    made = make_scenarios(_free_policies(policy or [], policies or []), number, seed=seed)
    write_scenarios(out, made)
    say(f"{count(len(made), 'scenario')}: {out}")


def teach(  # noqa: PLR0913 - one option each
    scenario: Annotated[Path, typer.Argument(help="The scenarios.", metavar="SCENARIOS.jsonl")],
    out: _Out,
    teacher: Annotated[str, typer.Option(help="The profile whose writer is the teacher.")],
    second: Annotated[str, typer.Option(help="The profile whose writer reads again; another family.")],
    licence: Annotated[
        str, typer.Option(help='What the teacher\'s maker allows with its texts, such as "made here".')
    ] = "not stated",
    gate: Annotated[
        Path | None,
        typer.Option(help="The curated folder whose gate scenarios from charts passed.", metavar="DIR"),
    ] = None,
    config: ConfigFile = None,
    seed: _Seed = 0,
    overwrite: _Overwrite = False,
) -> None:
    """Let a teacher write documents, check them, have them read again; write what a person reviews."""
    from posology.adapt.teacher import Terms
    from posology.adapt.teacher.stages import Taught, build_candidates

    writes, agreement, remote = _generator(config, teacher)
    reads, other, outside = _generator(config, second)
    passed = _gate_hash(gate) if gate else ""
    terms = Terms(licence, "; ".join(filter(None, (agreement, other))), remote or outside, passed)
    with progress(quiet=False) as steps:
        counts = build_candidates(
            scenario,
            out,
            Taught(writes, reads, terms),
            seed=seed,
            overwrite=overwrite,
            progress=lambda done: steps("Writing documents", done),
        )
    say(", ".join(f"{n} {name}" for name, n in counts.items()))
    say(f"Review them: posology adapt review {out / 'reviews.jsonl'}; then run posology adapt accept.")


def accept(
    reviews: Annotated[Path, typer.Argument(help="What a person decided.", metavar="REVIEWS.jsonl")],
    out: _Out,
    policies: PolicyFolders = None,
    overwrite: _Overwrite = False,
) -> None:
    """Write what a person accepted as examples, and mapped sentences as pairs."""
    from posology.adapt.teacher.stages import build_reviewed
    from posology.policies import load_policies

    texts = {policy.id: policy.source_text for policy in load_policies(policies or [])}
    counts = build_reviewed(reviews, texts, out, overwrite=overwrite)
    say(f"{', '.join(f'{n} {name}' for name, n in counts.items())}: {out}")


def audit(
    made: Annotated[Path, typer.Argument(help="The corpus folder of made examples.", metavar="MADE")],
    reference: Annotated[
        Path, typer.Argument(help="A corpus folder of what they stand for.", metavar="REAL")
    ],
    out: _Out,
    overwrite: _Overwrite = False,
) -> None:
    """Say what made examples over- and under-represent beside another corpus."""
    from posology.adapt.teacher.stages import build_audit

    verdicts = build_audit(made, reference, out, overwrite=overwrite)
    say(f"{', '.join(f'{n} {verdict}' for verdict, n in sorted(verdicts.items()))}: {out / 'card.md'}")


def pairs(  # noqa: PLR0913 - one option each
    out: _Out,
    medquad: Annotated[Path | None, typer.Option(help="The folder of MedQuAD.", metavar="DIR")] = None,
    lesson: Annotated[
        int, typer.Option("--lessons", min=0, help="So many made questions and passages.")
    ] = 3000,
    charts: Annotated[int, typer.Option(min=0, help="So many made charts a policy.")] = 40,
    deal: Annotated[
        int,
        typer.Option(min=0, max=1, help="Which dealing; 0: the first, whose report scores were seen."),
    ] = 1,
    policies: PolicyFolders = None,
    seed: _Seed = 0,
    overwrite: _Overwrite = False,
) -> None:
    """Make pairs of question and passage for the retrieval model, in parts that share nothing."""
    from posology.adapt.embedding.deals import CHART_SEEDS, MEDQUAD_DEALS
    from posology.adapt.embedding.sources import build_pairs, deal_parts, pairs_of_lessons, pairs_of_medquad
    from posology.corpus.spec import Parts

    made = deal_parts(pairs_of_lessons(lesson, seed=seed), Parts(select=0.1, report=0))
    *earlier, shares = MEDQUAD_DEALS[: deal + 1]
    public = deal_parts(pairs_of_medquad(medquad) if medquad else [], shares, earlier=earlier)
    for part, rows in made.items():
        drawn = seed + CHART_SEEDS * deal if part == "report" else seed
        rows += public[part] + _policy_pairs(part, policies or [], charts, drawn)
    settings: dict[str, object] = {
        "lessons": lesson,
        "charts": charts,
        "deal": deal,
        "seed": seed,
        "medquad": bool(medquad),
    }
    counts = build_pairs(out, made, settings=settings, overwrite=overwrite)
    say(f"{', '.join(f'{n} to {part}' for part, n in counts.items())}: {out}")


def claims(  # noqa: PLR0913 - one option each
    out: _Out,
    lesson: Annotated[
        int, typer.Option("--lessons", min=0, help="So many made facts, and so many sentences of notes.")
    ] = 2500,
    charts: Annotated[int, typer.Option(min=0, help="So many made charts a policy.")] = 25,
    task: Annotated[
        list[str] | None,
        typer.Option(help="A task of claims with evidence to learn from; may be given again."),
    ] = None,
    passages: Annotated[
        list[str] | None, typer.Option(help="A task whose texts give claims; may be given again.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The folder of the tasks' data; default: POSOLOGY_DATA.", metavar="DIR"),
    ] = None,
    policies: PolicyFolders = None,
    seed: _Seed = 0,
    overwrite: _Overwrite = False,
) -> None:
    """Make claims with their sources, supported or not, for a checker: matched in length and word overlap."""
    from posology.adapt.claims import build_claims, claims_of_lessons, deal_claims

    made = deal_claims(claims_of_lessons(lesson, seed=seed))
    for part, rows in made.items():
        rows += _letter_claims(part, policies or [], charts, seed)
        rows += _public_claims(part, task or [], passages or [], data, seed)
    settings: dict[str, object] = {
        "lessons": lesson,
        "charts": charts,
        "tasks": list(task or []),
        "passages": list(passages or []),
    }
    found = build_claims(out, made, settings=settings, seed=seed, overwrite=overwrite)
    say(f"{', '.join(f'{len(one.claims)} to {part}' for part, one in found.items())}: {out}")


def fertility(
    tokenizer: Annotated[
        Path, typer.Argument(help="A tokenizer.json, or a model's folder.", metavar="MODEL")
    ],
    corpus: Annotated[
        list[Path], typer.Argument(help="Corpus folders with records.jsonl.", metavar="CORPUS...")
    ],
    prefill: Annotated[
        float | None, typer.Option(min=0.1, help="Tokens a second that the model reads, to say the cost.")
    ] = None,
    decode: Annotated[
        float | None, typer.Option(min=0.1, help="Tokens a second that the model writes, to say the cost.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how many tokens a word a tokenizer needs, by section and code system, and what that costs."""
    from posology.adapt.fertility import Speed, measure_fertility
    from posology.adapt.texts import records_file
    from posology.adapt.vocabulary import open_encode
    from posology.corpus.jsonl import read_records

    file = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
    records = (record for folder in corpus for record in read_records(records_file(folder)))
    found = measure_fertility(open_encode(file), records)
    report = found.record()
    if prefill and decode:
        report["seconds_a_thousand_words"] = found.seconds(Speed(prefill, decode))
    if as_json:
        print_json(report)
        return
    rows = [("whole", found.whole), ("clinical terms", found.terms), ("other words", found.rest)]
    rows += [(f"section {name}", one) for name, one in sorted(found.sections.items())]
    rows += [(f"code {name}", one) for name, one in sorted(found.codes.items())]
    shown = [(name, t.words, t.tokens, "-" if t.each is None else f"{t.each:.2f}") for name, t in rows]
    print_table("Tokens a word", ("text", "words", "tokens", "tokens a word"), shown)
    for verb, seconds in report.get("seconds_a_thousand_words", {}).items():
        say(f"1,000 words take {seconds:.1f} s to {verb}" if seconds is not None else f"{verb}: unknown")


def _free_policies(chosen: list[str], folders: list[Path]) -> "list[Policy]":
    """Return policies to learn from; one that scores are measured on is refused."""
    from posology.errors import UserError
    from posology.policies import load_policies, open_policy

    held = {policy.id for policy in _held_policies(folders)}
    if not chosen:
        return [policy for policy in load_policies(folders) if policy.id not in held]
    found = [open_policy(name, folders) for name in chosen]
    barred = [policy.id for policy in found if policy.id in held]
    if barred:
        raise UserError(f"{', '.join(barred)}: scores are measured on it, nothing may be learned from it")
    return found


def _held_policies(folders: list[Path]) -> "list[Policy]":
    """Return the policies that scores are measured on."""
    from posology.evaluate.task import Part
    from posology.evaluate.tasks.criteria import policy_part
    from posology.policies import load_policies

    return [one for one in load_policies(folders) if policy_part(one.id) in (Part.SELECT, Part.REPORT)]


def _policy_pairs(part: str, folders: list[Path], charts: int, seed: int) -> "list[Pair]":
    """Return the pairs of the policies of one part; those that no task uses are learned from."""
    from dataclasses import replace

    from posology.adapt.embedding.sources import pairs_of_policies
    from posology.evaluate.tasks.criteria import policy_part
    from posology.policies import load_policies
    from posology.testing.teaching import make_note_pairs

    chosen = [one for one in load_policies(folders) if str(policy_part(one.id) or "tune") == part]
    worded = pairs_of_policies(chosen)
    if part == "report":  # searched among all wordings
        worded = [replace(pair, negatives=()) for pair in worded]
    return worded + make_note_pairs(chosen, charts, seed=seed)


def _letter_claims(part: str, folders: list[Path], charts: int, seed: int) -> "list[Claim]":
    """Return claims from letters under the policies of one part; fewer charts where nothing is learned."""
    from posology.evaluate.tasks.criteria import policy_part
    from posology.policies import load_policies
    from posology.testing.claims import claims_of_charts

    chosen = [one for one in load_policies(folders) if str(policy_part(one.id) or "tune") == part]
    return list(claims_of_charts(chosen, charts if part == "tune" else -(-charts // 2), seed=seed))


def _public_claims(
    part: "Part", tasks: list[str], texts: list[str], data: Path | None, seed: int
) -> "list[Claim]":
    """Return claims of tasks' parts tune and select; the part that holds scores is never read."""
    from posology.adapt.claims import claims_of_pairs, claims_of_passages
    from posology.evaluate.encoder_examples import claims_labelled, task_labelled
    from posology.evaluate.splits import data_folder

    if part == "report" or not (tasks or texts):
        return []
    folder = data_folder(data)
    pairs = [one for name in tasks for one in claims_labelled(name, part, folder)]
    passages = [one for name in texts for one in task_labelled(name, part, folder)]
    return [*claims_of_pairs(pairs, seed=seed), *claims_of_passages(passages, seed=seed)]


def _gate_hash(folder: Path) -> str:
    """Return the hash of a curated folder's manifest; raise where its texts went through no gate."""
    import json

    from posology.errors import UserError
    from posology.files import read_utf8
    from posology.manifest import hash_file

    path = folder / "manifest.json"
    try:
        gated = "gate_key" in json.loads(read_utf8(path))["settings"]
    except (ValueError, KeyError, TypeError) as cause:
        raise UserError(f"{path}: no manifest of a curated folder") from cause
    if not gated:
        raise UserError(f"{folder}: its texts went through no de-identification gate; name a curated folder")
    return hash_file("gate", path).sha256


def _generator(config: Path | None, profile: str) -> "tuple[Generator, str, bool]":
    """Return the writer of a profile, the agreement that covers its address, and whether it runs outside."""
    from posology.addresses import is_inside
    from posology.chat import open_generator
    from posology.config import load_settings
    from posology.errors import SettingsError

    settings = load_settings(config, profile=profile)
    part = settings.profile.writer
    found = open_generator(part, settings)
    if found is None:
        raise SettingsError(f"the profile {profile} has no writer: it cannot teach")
    if part.engine != "openai":
        return found, "", False
    address = settings.address_of(part.base_url)
    return found, address.agreement, not is_inside(address.ip)
