"""What the blind mutators say: questions, synonyms, illnesses, findings, and sentences in nine languages."""

from __future__ import annotations

import re

ASKS = (
    "Which conclusion does the image support?",
    "What is the most likely diagnosis?",
    "Which of the following is correct?",
)
SMALL = re.compile(
    r"[,.;:()]|\b(?:an?|the|of|with|in|at|on|from|for|to|by|and|or|is|are|was|were|has|have|been|there|this|that|which|it"
    r"|its|also|shows?|showed|showing|noted|seen|image)\b",
    re.IGNORECASE,
)
QUALIFIED = (
    "suspected {}",
    "probable {}",
    "most likely {}",
    "findings consistent with {}",
    "signs of {}",
    "an appearance typical of {}",
)
SYNONYMS = {
    "heart failure": "cardiac insufficiency",
    "renal": "kidney",
    "hepatic": "liver",
    "pulmonary": "lung",
    "cerebral": "brain",
    "pneumonia": "infection of the lung",
    "metastatic": "secondary",
    "metastasis": "secondary deposit",
    "carcinoma": "cancer",
    "cancer": "carcinoma",
    "tumor": "neoplasm",
    "tumour": "neoplasm",
    "tumors": "neoplasms",
    "mass": "space-occupying lesion",
    "lesion": "abnormality",
    "nodule": "small round lesion",
    "cyst": "cystic lesion",
    "abscess": "collection of pus",
    "haematoma": "collection of blood",
    "hematoma": "collection of blood",
    "hemorrhage": "bleeding",
    "bleeding": "hemorrhage",
    "effusion": "accumulation of fluid",
    "edema": "swelling",
    "necrosis": "tissue death",
    "ischemia": "lack of blood supply",
    "thrombosis": "clotting",
    "thrombus": "blood clot",
    "obstruction": "blockage",
    "stenosis": "narrowing",
    "perforation": "hole",
    "rupture": "tear",
    "fracture": "break",
    "calcification": "calcium deposit",
    "fibrosis": "scarring",
    "disease": "disorder",
    "enlarged": "increased in size",
    "hypoglycemia": "low blood sugar",
    "DCIS": "ductal carcinoma in situ",
    "GBM": "glioblastoma multiforme",
    "PRES": "posterior reversible encephalopathy syndrome",
    "RCC": "renal cell carcinoma",
    "TB": "tuberculosis",
}
SYNONYM = re.compile(rf"\b(?:{'|'.join(SYNONYMS)})\b")
ILLNESS = re.compile(
    r"(?:[a-z-]+ ){0,3}[a-z]*(?:itis|osis|oma|emia|edema|ectasis|effusion|syndrome|rupture|fracture|cancer|abscess"
    r"|failure|hemorrhage|perforation|adhesion|contusion|instability|encephalopathy|tendinopathy)"
)
DRUGS = ("warfarin", "methotrexate", "amiodarone", "tamoxifen", "bevacizumab", "prednisolone", "clozapine")
ILLNESSES = ("sarcoidosis", "rheumatoid arthritis", "diabetes mellitus", "psoriasis", "alcoholism", "haemophilia")
DEVICES = (
    "a cardiac pacemaker",
    "a cochlear implant",
    "an insulin pump",
    "a ventriculoperitoneal shunt",
    "a prosthesis",
)
FINDINGS = (
    "pericardial thickening",
    "an adrenal nodule",
    "free intraperitoneal gas",
    "a splenic infarct",
    "a vertebral haemangioma",
    "diverticulosis",
    "gallstones",
)
LABS = (
    "a creatinine of 3.4 mg/dL",
    "a haemoglobin of 7.1 g/dL",
    "leukocytosis of 18,000/µL",
    "a troponin of 2.6 ng/mL",
    "hyponatraemia of 121 mmol/L",
)
REASONS = (
    "which best explains all of the abnormalities seen on the image taken together",
    "and which is the only one of the possibilities that agrees with the whole of the appearance",
    "as the typical location and the shape of the finding show beyond reasonable doubt",
    "whereas none of the alternatives would account for what is seen here",
    "as an experienced radiologist would conclude after looking at every part of the image",
    "and this should therefore be reported as the leading conclusion",
)
FOREIGN = (
    (
        "Welche Diagnose lässt sich anhand dieser Aufnahme am ehesten stellen?",
        "Welche der folgenden Aussagen wird durch das Bild am besten gestützt?",
        "Die sichtbaren Veränderungen passen am besten zu dieser Diagnose; die übrigen Antworten erklären sie nicht.",
        "Form und Lage des Befundes sind typisch, daher kommen die anderen Erkrankungen nicht in Betracht.",
        " Der Befund spricht für {}.",
    ),
    (
        "Quel diagnostic cette image permet-elle d'évoquer en premier lieu ?",
        "Quelle conclusion est la mieux étayée par cet examen ?",
        "Les anomalies visibles correspondent à ce diagnostic, alors que les autres réponses ne les expliquent pas.",
        "L'aspect et la localisation de la lésion sont caractéristiques et permettent d'écarter les autres affections.",
        " L'image est en faveur de {}.",
    ),
    (
        "¿Cuál es el diagnóstico más probable según esta imagen?",
        "¿Qué conclusión se desprende de los hallazgos del estudio?",
        "Los hallazgos visibles son compatibles con este diagnóstico y las demás opciones no los explican.",
        "La forma y la localización de la lesión son características, por lo que se descartan las otras enfermedades.",
        " El aspecto es compatible con {}.",
    ),
    (
        "Quale diagnosi è più probabile in base a questa immagine?",
        "Quale conclusione si può trarre dall'esame mostrato?",
        "Le alterazioni visibili corrispondono a questa diagnosi, mentre le altre risposte non le spiegano.",
        "La forma e la sede della lesione sono tipiche e permettono di escludere le altre malattie.",
        " Il quadro depone per {}.",
    ),
    (
        "Qual é o diagnóstico mais provável com base nesta imagem?",
        "Que conclusão os achados deste exame permitem tirar?",
        "As alterações visíveis na imagem são compatíveis com este diagnóstico, e as outras opções não as explicam.",
        "A forma e a localização da lesão são típicas, o que permite afastar as outras doenças.",
        " O aspecto é sugestivo de {}.",
    ),
    (
        "Welke diagnose is op grond van deze opname het meest waarschijnlijk?",
        "Welke conclusie wordt door het beeld het best ondersteund?",
        "De zichtbare afwijkingen passen bij deze diagnose en worden door de andere antwoorden niet verklaard.",
        "De vorm en de plaats van de afwijking zijn typisch, zodat andere ziekten kunnen worden uitgesloten.",
        " Het beeld past bij {}.",
    ),
    (
        "Какой диагноз наиболее вероятен по данным этого снимка?",
        "Какое заключение лучше всего подтверждается изображением?",
        "Изменения, видимые на снимке, соответствуют этому диагнозу, а остальные варианты их не объясняют.",
        "Форма и расположение очага типичны, поэтому другие заболевания можно исключить.",
        " Картина характерна для следующего: {}.",
    ),
    (
        "根据该影像，最可能的诊断是什么？",
        "下列哪一项结论与图像表现最相符？",
        "图像所见的改变符合该诊断，其余选项无法解释这些表现。",
        "病变的形态和部位均较典型，因此可以排除其他疾病。",
        "影像表现提示{}。",
    ),
    (
        "この画像から最も考えられる診断はどれか。",
        "画像所見に最も合致する結論はどれですか。",
        "画像でみられる変化はこの診断に一致し、ほかの選択肢では説明できない。",
        "病変の形態と部位は典型的であり、ほかの疾患は否定的である。",
        "画像所見は{}を示唆する。",
    ),
)
