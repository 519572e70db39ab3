"""Titration: the smallest dose of model that does the job, and the evidence for it."""

from posology.evaluate.titration.analysis import Study, analyze
from posology.evaluate.titration.arms import Results
from posology.evaluate.titration.plan import Plan, load_plan
from posology.evaluate.titration.report import render_report, write_report
from posology.evaluate.titration.run import Step, read_results, require_titration, run_plan

__all__ = [
    "Plan",
    "Results",
    "Step",
    "Study",
    "analyze",
    "load_plan",
    "read_results",
    "render_report",
    "require_titration",
    "run_plan",
    "write_report",
]
