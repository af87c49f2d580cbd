"""The words of the clinic. Modalities and adjectives are real; conditions, drugs and complications are invented."""

from __future__ import annotations

MODALITIES = (
    "radiography",
    "tomography",
    "magnetic resonance",
    "sonography",
    "mammography",
    "fundoscopy",
    "dermoscopy",
    "endoscopy",
    "scintigraphy",
    "echocardiography",
)
TEXTURES = ("solid", "lucent", "striated", "reticular", "granular", "shaded")
LOCATIONS = ("apical", "basal", "lateral", "medial", "anterior", "posterior")
SHAPES = ("disc", "ring", "band", "wedge", "crescent", "cross")

CONDITION_STEMS = [
    "abren",
    "adrov",
    "akten",
    "alvor",
    "amber",
    "ancol",
    "ardel",
    "arven",
    "balten",
    "barov",
    "beldor",
    "benar",
    "bolvin",
    "brenal",
    "cadrin",
    "calven",
    "camor",
    "cardel",
    "cavrin",
    "celdan",
    "corven",
    "crenal",
    "dalmor",
    "darven",
    "delcor",
    "denar",
    "dolvan",
    "dramel",
    "elbor",
    "elvin",
    "ervan",
    "falden",
    "farcor",
    "felmor",
    "fendal",
    "galvor",
    "garden",
    "gelmin",
    "gorval",
    "halden",
    "harvel",
    "helcor",
    "jarmen",
    "jolven",
    "kalder",
    "kelvor",
    "kerdal",
    "lardon",
    "lemvor",
    "loden",
    "malvor",
    "marden",
    "melcor",
    "merdal",
    "nalvor",
    "narden",
    "nelvin",
    "orvel",
    "palder",
    "parvel",
    "pelmor",
    "rador",
    "relvin",
    "sarden",
    "selmor",
    "sorvel",
    "talder",
    "tarven",
    "telmor",
    "valden",
    "verdal",
    "vormel",
    "zaldor",
    "zelvin",
]
CONDITION_SUFFIXES = (
    "osis", "itis", "oma", "opathy", "iasis", "ectasia", "plasia", "trophy", "sclerosis", "stasis", "lysis", "megaly",
    "cele", "penia",
)  # fmt: skip

_DRUG_STEMS = ["kemo", "tavo", "lori", "beni", "sulo", "daxi", "miro", "feno", "cali", "vero", "nexo", "pala"]
_DRUG_SUFFIXES = ["pril", "statin", "zole", "mycin", "mab"]
TREATMENTS = tuple(stem + suffix for stem in _DRUG_STEMS for suffix in _DRUG_SUFFIXES)

_COMPLICATION_STEMS = [
    "corv",
    "hexa",
    "ludo",
    "mela",
    "nivo",
    "pyra",
    "quin",
    "rhomb",
    "siro",
    "tetra",
    "umbra",
    "xylo",
]
_COMPLICATION_SUFFIXES = ["emia", "uria", "algia", "plegia", "rrhage"]
COMPLICATIONS = tuple(stem + suffix for stem in _COMPLICATION_STEMS for suffix in _COMPLICATION_SUFFIXES)

_MARKER_STEMS = ["albo", "brevi", "chlora", "dextra", "fibra", "glyco", "hapto", "iso", "lumi", "neuro", "oxo", "proto"]
_MARKER_SUFFIXES = ["lectin", "kinase", "globin", "ferrin", "cystin"]
MARKERS = tuple(stem + suffix for stem in _MARKER_STEMS for suffix in _MARKER_SUFFIXES)

MECHANISMS = (
    "slow fibrous remodelling",
    "a clonal overgrowth of lining cells",
    "an immune reaction to a shed protein",
    "poor venous drainage",
    "a storage defect of the matrix",
    "repeated small infarcts",
    "a mineral deposit around old scars",
    "a leak of plasma through damaged vessels",
    "an inherited defect of a membrane channel",
    "chronic low-grade infection",
    "pressure from a neighbouring fold",
    "the late effect of a toxin",
)
COMPLAINTS = (
    "fatigue",
    "night sweats",
    "a dull ache",
    "weight loss",
    "a low fever",
    "dizziness",
    "poor appetite",
    "disturbed sleep",
    "a dry cough",
    "nausea",
)
HABITS = (
    "works night shifts",
    "keeps pigeons",
    "has just moved house",
    "runs every morning",
    "smokes now and then",
    "takes no medicine",
    "came back from a long journey",
    "lives with two cats",
)
EXAMINATION = {
    "radiography": "radiograph",
    "tomography": "tomogram",
    "magnetic resonance": "magnetic resonance scan",
    "sonography": "sonogram",
    "mammography": "mammogram",
    "fundoscopy": "fundus photograph",
    "dermoscopy": "dermoscopic image",
    "endoscopy": "endoscopic image",
    "scintigraphy": "scintigram",
    "echocardiography": "echocardiogram",
}
KINDS = ("treatment", "complication")
TWO_HOP_KINDS = ("marker",)
ALL_KINDS = (*KINDS, *TWO_HOP_KINDS)
FACTS = {"treatment": TREATMENTS, "complication": COMPLICATIONS, "marker": MARKERS}
"""What the answer to a question of a kind is one of. The passage that names a marker names the disease, not the sign:
one has to find out the disease first (two hops)."""
