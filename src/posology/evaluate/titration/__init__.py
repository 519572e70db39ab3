"""Titration: the smallest dose of model that does the job, and the evidence for it."""
