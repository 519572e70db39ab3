"""Scores of each kind of task, from counts that can be resampled."""
