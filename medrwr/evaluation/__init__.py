"""Evaluation: scorer, statistics, the ladder and its report (M28, M29, M31)."""
