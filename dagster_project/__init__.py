"""Dagster's view of the graph in dvc.yaml: it draws, schedules, checks and observes, and holds no stage logic."""
