"""Benchmarks and training sets as questions, and the check that none of them overlap (M14, M28)."""
