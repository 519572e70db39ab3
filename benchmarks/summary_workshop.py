"""Sections of docs/measurements.md on the workshop: curation, tuning, heads' speed, what tuned models are worth."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from common import REPORTS, load, share, validators

__all__ = ["SECTIONS"]


def curation() -> Iterator[str]:
    """Yield the section on curation: speed by size, copies, test texts, the gate."""
    r, where = load("curate")
    yield "## Curation"
    yield ""
    yield f"{where}. Filters, exact and near copies and test texts over made notes, without the gate; target: 1,000 notes a"
    yield "second of one core, linear."
    yield ""
    yield "| notes | notes a processor second | notes a second | peak memory |"
    yield "|---|---|---|---|"
    for row in r["speed"]:
        yield f"| {row['notes']:,} | {row['notes_per_cpu_s']:,} | {row['notes_per_s']:,} | {row['peak_memory_mb'] / 1000:.2f} GB |"
    yield ""
    copies, tests, gate = r["copies"], r["test_texts"], r["gate"]
    yield "| what | result |"
    yield "|---|---|"
    yield f"| near copies found, against all pairs | {share(copies['found'])} |"
    yield f"| called copies and are none | {share(copies['wrongly_found'])} |"
    yield f"| 20 words of a test text found in another note | {share(tests['found'])} |"
    yield f"| found in notes that hold none | {share(tests['found_in_other_notes'])} |"
    made, visits = gate["made_charts"], gate["aci_bench"]
    yield f"| identifiers left in texts of made charts | {share(made['leaked'])} |"
    yield f"| medical terms and numbers lost there | {share(made['terms_and_numbers_lost'])} |"
    yield f"| names left in public visit notes, known / unknown | {share(visits['names_left_known'])} / {share(visits['names_left_unknown'])} |"
    for name, words in (("meddocan_unseen", "meddocan, half not looked at"), ("presidio_synth_pii",) * 2):
        yield f"| identifiers left, {words} | {share(gate[name]['leaked'])} |"
        yield f"| other words taken, {words} | {share(gate[name]['other_words_taken'])} |"


def lessons() -> Iterator[str]:
    """Yield the section on what the lessons over- and under-represent."""
    r, where = load("lessons-audit")
    yield "## What the lessons look like"
    yield ""
    yield f"{where}. {r['made_sentences']:,} different sentences that the judge was shown in {r['judgements']:,} lessons, beside"
    yield f"{r['real_sentences']:,} sentences of {r['notes']} notes of visits (aci_bench). Over and under: the whole 95 % interval of the"
    yield "ratio lies beyond 1.25 or 0.8."
    yield ""
    yield "| sentences with | lessons | notes | ratio (95 %) | verdict |"
    yield "|---|---|---|---|---|"
    for row in r["rows"]:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f} ({row['low']:.2f}-{row['high']:.2f})"
        yield f"| {row['value']} | {row['made_share']:.1%} | {row['reference_share']:.1%} | {ratio} | {row['verdict']} |"
    yield ""
    yield f"Clinical terms: {', '.join(f'{n} {verdict}' for verdict, n in r['terms'].items())}."


def fertility() -> Iterator[str]:
    """Yield the section on tokens a word."""
    r, where = load("fertility")
    names = json.loads((REPORTS / "fertility" / "manifest.json").read_text())["settings"]["tokenizers"]
    yield "## Tokens a word"
    yield ""
    yield f"{where}. Words are what white space parts; a code counts as one."
    yield ""
    yield f"| text (texts) | {' | '.join(names)} |"
    yield "|---" * (1 + len(names)) + "|"
    for kind, row in r.items():
        cells = [f"{row[name]['whole']['tokens_a_word']:.2f}" for name in names]
        yield f"| {kind} ({row['texts']:,}), a word | {' | '.join(cells)} |"
        for system in row[names[0]]["codes"]:
            tallies = [row[name]["codes"][system] for name in names]
            cells = [f"{one['tokens_a_word']:.2f}" for one in tallies]
            yield f"| codes of {system} ({tallies[0]['words']:,}), a code | {' | '.join(cells)} |"
    for kind, row in r.items():
        seconds = row[names[0]].get("seconds_of_1000_words")
        if seconds:
            yield ""
            yield f"A thousand words of {kind}: {seconds['read']:.1f} s to read and {seconds['write']:.0f} s to write at the stated speeds ({names[0]})."


def forgotten() -> Iterator[str]:
    """Yield the section on what the writer that ships forgot."""
    r, where = load("forgetting")
    yield "## What the tuned writer forgot"
    yield ""
    yield f"{where}. Loss on text that it did not learn from, nats a token; above 0 in the last column is forgotten."
    yield "general-posts are posts of public sets, clinical-reports sections of notes and reports of x-rays."
    yield ""
    yield "| text (tokens) | SmolLM2-135M-Instruct | judge-writer | difference |"
    yield "|---|---|---|---|"
    for one in r["texts"]:
        cells = []
        for whose in ("base", "tuned"):
            nats = one[whose]["nats"]
            cells.append(f"{nats['value']:.2f} ({nats['low']:.2f}-{nats['high']:.2f})")
        change = one["difference"]
        cells.append(f"{change['value']:+.2f} ({change['low']:+.2f} to {change['high']:+.2f})")
        yield f"| {one['text'].removesuffix('.jsonl')} ({one['tokens']:,}) | {' | '.join(cells)} |"


def tuning() -> Iterator[str]:
    """Yield the section on the speed of tuning."""
    r, where = load("tuning")
    speeds = r["tokens_per_second"]
    yield "## Speed of tuning"
    yield ""
    yield f"{where}. SmolLM2-135M with adapters of rank 16 in every linear layer, batches of {r['batch']}, the arms in turns; medians of"
    yield f"{r['steps'] * r['rounds']} steps."
    yield ""
    yield "| what | tokens a second | target | measured |"
    yield "|---|---|---|---|"
    yield f"| this loop against TRL's SFTTrainer ({speeds['trl']:.0f}) | {speeds['own']:.0f} | 1 | {r['own against trl']:.2f} |"
    yield f"| time with a cached teacher against without | {speeds['own, cached teacher']:.0f} | at most 1.25 | {r['time of the cached teacher against plain']:.2f} |"
    apart = [", ".join(f"{one:.2f}" for one in found) for found in r["rounds apart"].values()]
    yield ""
    yield f"Each round by itself: against TRL {apart[0]}; the cached teacher's time {apart[1]}."


def heads_speed() -> Iterator[str]:
    """Yield the section on the speed of heads of pairs."""
    r, where = load("encoders")
    yield "## Speed of heads"
    yield ""
    yield f"{where}. Pairs of sentence and source on all-minilm-l6-v2, target for the checker: 200 a second on two cores."
    yield ""
    yield "| layers | precision | threads | pairs | word pieces | pairs a second | a processor second |"
    yield "|---|---|---|---|---|---|---|"
    for row in r["timings"]:
        yield f"| {row['layers']} | {row['precision']} | {row['threads']} | {row['pairs']} (n = {row['n']}) | {row['pieces']} | {row['pairs_a_second']} | {row['pairs_a_processor_second']} |"


def grounded() -> Iterator[str]:
    """Yield the section on the grounding term."""
    r, where = load("grounded-tuning")
    yield "## The grounding term"
    yield ""
    yield f"{where}. SmolLM2-135M tuned on dialogues of visits with and without the term, the same examples in the same batches"
    yield f"({r['arms']['all']['steps']} steps); each wrote the sections of {r['n']} dialogues of *report* of mts_dialog. Facts are numbers, dates, drugs and"
    yield "codes, as the fact checks read them. Target: a third fewer unsupported ones at no more omissions. One seed."
    yield ""
    yield "| what | without | with | ratio (95 %) |"
    yield "|---|---|---|---|"
    words = {
        "facts": "facts written",
        "unsupported": "of them not in the dialogue",
        "omitted": "facts of the reference, borne out by the dialogue, that are missing",
        "characters": "characters written",
    }
    for key, said in words.items():
        row = r["counts"][key]
        interval = f" ({row['ci95'][0]:.2f}-{row['ci95'][1]:.2f})" if row["ci95"] else ""
        yield f"| {said} | {row['without-ground']:,} | {row['all']:,} | {row['ratio']:.2f}{interval} |"


def pretraining() -> Iterator[str]:
    """Yield the section on continued pre-training."""
    r, where = load("pretraining")
    yield "## Going on learning from notes"
    yield ""
    yield f"{where}. SmolLM2-135M, all weights; held-out text of each source, perplexity before and after; general text is posts"
    yield "(imhi_dreaddit, imhi_sad, cams_mental_health). One seed; a lower perplexity is not yet a better answer."
    yield ""
    yield "| arm | tokens learned | held-out text | before | after |"
    yield "|---|---|---|---|---|"
    for arm, row in r.items():
        for name, one in row["held_out"].items():
            before, after = one["perplexity"]["before"], one["perplexity"]["after"]
            yield f"| {arm} | {sum(row['learned_tokens'].values()):,} | {name} ({one['tokens']:,} tokens) | {before:.2f} | {after:.2f} |"


def planted() -> Iterator[str]:
    """Yield the section on canaries."""
    r, where = load("canaries")
    done = r["training"]
    yield "## Planted identifiers"
    yield ""
    yield f"{where}. Identifiers of four kinds among the embedded writer's lessons, a sixth of them ({done['tokens']:,} tokens,"
    yield f"{done['steps']} steps, the recipe's own settings), looked for afterwards: by likelihood among {r['tuned']['candidates']} of their kind, in the likeliest"
    yield f"continuation and in {r['tuned']['samples']} drawn ones. A model that saw none passes 6 bits once in 64."
    yield ""
    yield "| model | planted | identifiers | came out | 6 bits or more | most bits |"
    yield "|---|---|---|---|---|---|"
    for model in ("base", "tuned"):
        for times, row in r[model]["by_times"].items():
            yield f"| {model} | {times} times | {row['canaries']} | {row['extracted']} | {row['six_bits_or_more']} | {row['most_bits']:.1f} |"


def dose() -> Iterator[str]:
    """Yield the section on the tuned model of 135 million parameters against its rivals."""
    r = json.loads((REPORTS / "first-dose-tuned" / "dose.json").read_text())
    rivals = list(r["means"])
    yield "## The dose: 135 million parameters, tuned"
    yield ""
    yield "`python benchmarks/dose.py`, from the arms of `studies/first-dose-tuned.toml`: the tuned model less each rival, on the same"
    yield "items, with the 95 % interval of the paired difference (not corrected for their number); won or lost where it leaves out nothing. One seed."
    yield ""
    yield "| task (measure, n) | tuned 135M | " + " | ".join(f"less {rival}" for rival in rivals) + " |"
    yield "|---" * (2 + len(rivals)) + "|"
    for row in r["rows"]:
        cells = [_difference(row["against"][rival]) for rival in rivals]
        yield (
            f"| {row['task']} ({row['measure']}, {row['n']}) | {row['score']:.2f} ({row['low']:.2f}-{row['high']:.2f}) | "
            + " | ".join(cells)
            + " |"
        )
    means = [f"{one['mean_difference']:+.3f} over {one['tasks']}" for one in r["means"].values()]
    yield "| mean of the tasks | | " + " | ".join(means) + " |"
    if r["without_result"]:
        yield ""
        yield f"Not tuned yet: {', '.join(r['without_result'])}."


def second_dose() -> Iterator[str]:
    """Yield the section on several seeds of heads and adapters against their rivals."""
    r, where = load("second-dose")
    rivals = list(r["means"])
    yield "## The dose: three seeds"
    yield ""
    yield f"{where}. Of each task the mean of the seeds of what was tuned (a head on the writing model where a text gets a label,"
    yield "else an adapter), less each rival on the same items, with the 95 % interval over items (not corrected for their number)."
    yield "With a star: the rival's score is the first study's, on the same items; that difference is not paired."
    yield "Diagnosis codes are no task of the first study and count in no mean; untuned is zero-shot there, elsewhere with examples."
    yield ""
    yield "| task (measure, n) | seeds | mean | " + " | ".join(f"less {rival}" for rival in rivals) + " |"
    yield "|---" * (3 + len(rivals)) + "|"
    for row in r["rows"]:
        seeds = ", ".join("-" if one is None else f"{one:.2f}" for one in row["runs"].values())
        cells = [_difference(row["against"][rival]) for rival in rivals]
        yield f"| {row['task']} ({row['measure']}, {row['n']}) | {seeds} | {row['mean']:.2f} | {' | '.join(cells)} |"
    means = [f"{one['mean_difference']:+.3f} over {one['tasks']}" for one in r["means"].values()]
    yield "| mean of the tasks | | | " + " | ".join(means) + " |"
    yield ""
    told = [
        f"{one['mean_difference']:+.3f} of {rival} ({one['tasks']} tasks)"
        for rival, one in r["with_first_study"]["against"].items()
    ]
    yield "With the first study's one seed where nothing was trained anew, and its scores of the rivals, on the same items, the mean"
    yield f"over its tasks less that {', '.join(told)}; no interval."


def _difference(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "-"
    star = "" if found.get("paired", True) else "*"
    return f"{found['difference']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f}){star}, {found['says']}"


def judge_writer() -> Iterator[str]:
    """Yield the section on the writer that ships, on policies and note styles that it did not learn from."""
    criteria, where = load("criteria-held-out-tuned")
    letters, _ = load("grounding-held-out-tuned")
    plain_criteria, _ = load("criteria-held-out-untuned")
    plain_letters, _ = load("grounding-held-out-untuned")
    yield "## The tuned writer, where nothing was learned from"
    yield ""
    yield f"{where}. {criteria['charts']} made charts of the policies and in the styles of notes that no lesson"
    yield "knows. Targets: precision of met 0.95 at a recall of 0.7, no invention, withheld sentences halved. One seed. These"
    yield "charts were looked at three times while the reading was mended; what was chosen was chosen on other policies."
    yield ""
    yield "| what | rules alone | with the untuned model | with the tuned model |"
    yield "|---|---|---|---|"
    rules = criteria["text_leaves"]["rules"]
    read = [rules, *(one["text_leaves"]["rules and model"] for one in (plain_criteria, criteria))]
    for status in ("met", "not_met", "unknown"):
        for measure in ("precision", "recall"):
            cells = " | ".join(share(one[status][measure]) for one in read)
            yield f"| {measure} of {status} | {cells} |"
    both = (plain_criteria, criteria)
    cells = " | ".join(share(one["evidence_of_the_model_that_answers_nothing"]) for one in both)
    yield f"| sentences cited by the model's word that answer nothing | - | {cells} |"
    for answer in ("yes", "no", "not stated"):
        cells = " | ".join(share(one["sentences_judged_by_the_model"][answer]["precision"]) for one in both)
        yield f"| single sentences judged {answer}: precision | - | {cells} |"
    yield f"| conclusions right | - | {' | '.join(share(one['conclusions_right']) for one in both)} |"
    yield ""
    yield f"Letters ({letters['packets']} packets), which rest on the same writer; {validators(plain_letters, letters)}:"
    yield ""
    yield "| what | untuned | tuned |"
    yield "|---|---|---|"
    pair = (plain_letters, letters)
    for key, said in (
        ("sentences_with_invention", "sentences with a fact that stands in no cited source"),
        ("quotes_that_differ", "quotes that differ from their source"),
        ("met_leaves_omitted", "met leaves whose decisive fact the letter omits"),
    ):
        yield f"| {said} | {' | '.join(share(one[key]) for one in pair)} |"
    yield f"| sentences withheld | {' | '.join(str(one['withheld']) for one in pair)} |"
    for name, said in (("model", "worded by the model"), ("template", "of templates")):
        cells = [
            sum(
                n
                for who, n in one["sentences_by_author"].items()
                if (who == "template") == (name == "template")
            )
            for one in pair
        ]
        yield f"| sentences {said} | {cells[0]} | {cells[1]} |"


_WRITER = tuple(
    f"{what}-held-out-{which}" for what in ("criteria", "grounding") for which in ("tuned", "untuned")
)
SECTIONS = {  # each with the reports that it needs
    judge_writer: _WRITER,
    curation: ("curate",),
    lessons: ("lessons-audit",),
    fertility: ("fertility",),
    forgotten: ("forgetting",),
    tuning: ("tuning",),
    heads_speed: ("encoders",),
    grounded: ("grounded-tuning",),
    pretraining: ("pretraining",),
    planted: ("canaries",),
    dose: ("first-dose-tuned",),
    second_dose: ("second-dose",),
}
