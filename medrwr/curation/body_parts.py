"""Which part of the body a caption is about, by the words that name it: for counts on a data card, never for training.

The regions are those of DICOM's Body Part Examined (PS3.16, Annex L), joined to the ten that archives are sorted by.
"""

from __future__ import annotations

from medrwr.curation.words import words

NOT_STATED = "not stated"
_REGIONS = {
    "head": "head brain skull cerebral cranial intracranial cerebellar orbit orbital sinus pituitary ventricle",
    "neck": "neck thyroid larynx laryngeal pharynx carotid cervical parotid",
    "chest": "chest lung pulmonary thorax thoracic pleural mediastinal mediastinum bronchus bronchial rib hilar lobe",
    "heart": "heart cardiac coronary aorta aortic mitral atrial atrium ventricular myocardial pericardial "
    "echocardiogram echocardiography",
    "breast": "breast mammogram mammography mammary",
    "abdomen": "abdomen abdominal liver hepatic spleen splenic pancreas pancreatic kidney renal gallbladder bowel "
    "colon stomach gastric intestine intestinal appendix duodenum esophagus biliary adrenal peritoneal",
    "pelvis": "pelvis pelvic uterus uterine ovary ovarian bladder prostate rectum rectal testis scrotal fetal fetus",
    "spine": "spine spinal vertebra vertebral lumbar sacral sacrum",
    "limbs": "femur femoral knee hip tibia tibial fibula ankle foot shoulder humerus elbow wrist hand radius ulna "
    "ulnar leg arm thigh finger",
    "teeth and jaws": "tooth dental jaw mandible mandibular maxilla maxillary molar periapical incisor panoramic",
}
_REGION = {word: region for region, names in _REGIONS.items() for word in words(names)}


def body_part_of(caption: str) -> str:
    """The region that most of the caption's words name, the first named of equals; 'not stated' without one.

    Example:
        >>> body_part_of("CT of the abdomen with a mass of the liver and the left lung base.")
        'abdomen'
    """
    found = [_REGION[word] for word in words(caption) if word in _REGION]
    return max(found, key=found.count) if found else NOT_STATED
