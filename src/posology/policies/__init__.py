"""What the payer wants: policy files, their criteria, and deciding them on structured data."""

from posology.policies.load import load_policies, load_policy
from posology.policies.policy import Branch, Code, Leaf, Node, Policy, RequiredDocument
from posology.policies.schema import leaves_of

__all__ = [
    "Branch",
    "Code",
    "Leaf",
    "Node",
    "Policy",
    "RequiredDocument",
    "leaves_of",
    "load_policies",
    "load_policy",
]
