"""Runs over benchmarks: a line a question, resumable; summaries with intervals; two runs compared (M28, M31)."""
