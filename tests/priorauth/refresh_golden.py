"""Write the golden packet anew: python -m tests.priorauth.refresh_golden --accept; then read the diff."""

import json
import sys
from pathlib import Path
from typing import Any

from posology.priorauth import parse_request
from tests.priorauth.drafted import draft_of

GOLDEN = Path(__file__).parent / "golden" / "packet.json"
POLICY, PLAN, SEED = "cms-ncd-100.1", "meet", 11
REQUEST = {
    "quantity": {"value": 1, "unit": "procedure"},
    "urgency": "expedited",
    "urgency_reason": "Weight is rising quickly.",
    "attestations": [
        {
            "criterion": "failed-treatment",
            "answer": "yes",
            "statement": "Two years of diet and medication did not help.",
            "by": "Dr. Example",
            "date": "2020-01-02",
        }
    ],
}


def golden_record() -> dict[str, Any]:
    """Draft the golden chart; the policy's hash, which every comment in its file changes, is left out."""
    record = json.loads(
        draft_of(POLICY, PLAN, SEED, details=parse_request(REQUEST, "request")).packet.to_bytes()
    )
    record["request"]["policy"]["sha256"] = "…"
    return dict(record)


def main(arguments: list[str]) -> int:
    """Write the golden packet where --accept is given."""
    if arguments != ["--accept"]:
        sys.stderr.write("Nothing written; --accept writes the golden packet.\n")
        return 2
    GOLDEN.parent.mkdir(exist_ok=True)
    text = json.dumps(golden_record(), ensure_ascii=False, indent=2) + "\n"
    GOLDEN.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
