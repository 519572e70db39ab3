"""The fitted alignment, the validator of version 0.1.0: the rival that trained checkers are measured against.

Its numbers, model.json, were fitted by benchmarks/support_fit.py on MedHallu and ExpertQA (MIT) and on
MEDEC-MS (Ben Abacha et al., Findings of ACL 2025), CC BY 4.0. Nothing of it is in the package.
"""
