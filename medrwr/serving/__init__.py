"""The registered model: answers with sources, from artefacts that a version names by digest."""
