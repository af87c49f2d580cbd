"""From a completion to a letter: ours, and the ways of the known harnesses (M16, M28)."""
