"""Texts to learn from: read, filtered, free of copies, of test text and of names, each with its licence."""

from posology.corpus.contamination import (
    Protected,
    ProtectedText,
    build_protected,
    join_protected,
    load_protected,
    save_protected,
)
from posology.corpus.counts import Counts
from posology.corpus.curating import Curation, curate
from posology.corpus.example import Example, Preference, Provenance, Record
from posology.corpus.gate import Gate, Passed, PatientGate, passed_example, passed_preference
from posology.corpus.jsonl import (
    line_of,
    parse_record,
    read_examples,
    read_preferences,
    read_records,
    write_jsonl,
)
from posology.corpus.licences import SHIPPABLE, canonical_licence, may_ship, require_shippable
from posology.corpus.parts import part_of, require_apart
from posology.corpus.spec import Spec, read_spec, spec_of_folder

__all__ = [
    "SHIPPABLE",
    "Counts",
    "Curation",
    "Example",
    "Gate",
    "Passed",
    "PatientGate",
    "Preference",
    "Protected",
    "ProtectedText",
    "Provenance",
    "Record",
    "Spec",
    "build_protected",
    "canonical_licence",
    "curate",
    "join_protected",
    "line_of",
    "load_protected",
    "may_ship",
    "parse_record",
    "part_of",
    "passed_example",
    "passed_preference",
    "read_examples",
    "read_preferences",
    "read_records",
    "read_spec",
    "require_apart",
    "require_shippable",
    "save_protected",
    "spec_of_folder",
    "write_jsonl",
]
