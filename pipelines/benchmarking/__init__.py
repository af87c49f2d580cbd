"""A checkpoint on named benchmarks: what `medrwr eval` does (M28)."""
