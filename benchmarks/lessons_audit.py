"""What the embedded writer's lessons over- and under-represent, beside sentences of visit notes.

    .venv/bin/python benchmarks/lessons_audit.py LESSONS

LESSONS is the folder of `posology adapt lessons` that the recipe judge-writer learned from, without --turns.
Held against each other are the sentences that the judge is shown there and all sentences of the notes
of aci_bench: lengths, denials, relatives, doubts, plans, numbers, shorthand, sexes, ages and clinical
terms, by the patterns of `posology adapt audit`.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

from common import text_record, visit_notes, write_report
from posology.adapt.teacher.audit import audit, traits_of_record
from posology.corpus import read_examples
from posology.records.sentences import sentence_spans

_SHOWN = re.compile(r"Sentence: (.*)\nQuestion: ", re.DOTALL)
_TASK = "judge"


def main() -> None:
    """Count and write reports/lessons-audit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", type=Path)
    given = parser.parse_args()
    asked = [one for one in read_examples(given.lessons / "examples.jsonl") if one.task == _TASK]
    found = [_SHOWN.search(one.messages[-1].content) for one in asked]
    made = sorted({match.group(1) for match in found if match})
    notes = visit_notes()
    spans = [(note, one) for note in notes for one in sentence_spans(note)]
    real = sorted({note[one.start : one.end].strip() for note, one in spans} - {""})
    rows = audit(
        [traits_of_record(text_record(n, text, "lessons")) for n, text in enumerate(made)],
        [traits_of_record(text_record(n, text, "aci_bench")) for n, text in enumerate(real)],
    )
    shown = [row.record() for row in rows if row.dimension != "term"]
    terms = [row for row in rows if row.dimension == "term"]
    results = {
        "judgements": len(asked),
        "made_sentences": len(made),
        "real_sentences": len(real),
        "notes": len(notes),
        "rows": shown,
        "terms": dict(sorted(Counter(row.verdict for row in terms).items())),
        "terms_missing": [row.value for row in terms if row.verdict == "missing"][:20],
        "terms_over": [row.value for row in terms if row.verdict in ("over", "only here")][:20],
    }
    write_report(
        "lessons-audit", results, command="benchmarks/lessons_audit.py LESSONS", settings={"task": _TASK}
    )
    for row in shown:
        print(
            row["dimension"],
            row["value"],
            f"{row['made_share']:.3f}",
            f"{row['reference_share']:.3f}",
            row["verdict"],
        )
    print({key: value for key, value in results.items() if key != "rows"})


if __name__ == "__main__":
    main()
