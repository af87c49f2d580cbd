"""The benchmarks of M28, one file each: native files -> closed questions, open questions, and what was left out."""
