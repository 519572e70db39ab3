"""What the payer wants: policy files, their criteria, and deciding them on structured data."""

from posology.policies.candidates import Scope
from posology.policies.check import Problem, check_paths, check_policy
from posology.policies.choose import choose_policy, find_policy, open_policy
from posology.policies.describe import describe_policy, new_policy_text, render_policy
from posology.policies.documents import DocumentFindings, FoundDocument, find_documents
from posology.policies.eligible import ELIGIBILITY, eligibility
from posology.policies.finding import Finding, combine
from posology.policies.load import load_policies, load_policy
from posology.policies.logic import evaluate
from posology.policies.picking import compare_numbers
from posology.policies.policy import Branch, Code, Leaf, Node, Policy, RequiredDocument
from posology.policies.schema import leaves_of
from posology.policies.structured import judge_leaf, judge_structured
from posology.policies.systems import canonical_system, normal_code, same_system
from posology.policies.timeline import Window, day_in_window
from posology.policies.units import canonical_unit

__all__ = [
    "ELIGIBILITY",
    "Branch",
    "Code",
    "DocumentFindings",
    "Finding",
    "FoundDocument",
    "Leaf",
    "Node",
    "Policy",
    "Problem",
    "RequiredDocument",
    "Scope",
    "Window",
    "canonical_system",
    "canonical_unit",
    "check_paths",
    "check_policy",
    "choose_policy",
    "combine",
    "compare_numbers",
    "day_in_window",
    "describe_policy",
    "eligibility",
    "evaluate",
    "find_documents",
    "find_policy",
    "judge_leaf",
    "judge_structured",
    "leaves_of",
    "load_policies",
    "load_policy",
    "new_policy_text",
    "normal_code",
    "open_policy",
    "render_policy",
    "same_system",
]
