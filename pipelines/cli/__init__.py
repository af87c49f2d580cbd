"""The console script `medrwr`. Its commands import what they need when they run, so that `--help` is quick."""
