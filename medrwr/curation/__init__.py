"""Curation of training questions: reconstruct an archive's cases as questions, stratify them (M12-M13)."""
