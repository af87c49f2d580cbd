"""Ablations (M30): grids as data, each row an experiment of DVC, the paper's rows beside ours."""
