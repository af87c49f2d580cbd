"""Curation of training questions: cluster, reconstruct, stratify (M11-M13)."""
