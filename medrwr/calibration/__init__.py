"""Calibration of a set of answers (M27): temperature, reliability, risk-coverage, threshold, and the artefact."""
