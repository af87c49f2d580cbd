"""Clinical entity recognition (M17): texts -> sets of concept ids."""

from medrwr.entities.medcat import MedcatRecogniser
from medrwr.entities.recogniser import EntityRecogniser, read_terms

__all__ = ["EntityRecogniser", "MedcatRecogniser", "read_terms"]
