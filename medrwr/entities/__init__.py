"""Clinical entity recognition (M17): texts -> sets of concept ids."""

from medrwr.entities.medcat import MedcatRecogniser
from medrwr.entities.recogniser import EntityRecogniser, read_terms
from medrwr.entities.spacy import SpacyRecogniser

__all__ = ["EntityRecogniser", "MedcatRecogniser", "SpacyRecogniser", "read_terms"]
