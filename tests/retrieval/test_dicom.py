"""DICOM (M10): what a viewer would show, by hand; and of 141 real files each an image or a reason, none an identity."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medrwr.errors import ArtefactError, ImageError
from medrwr.retrieval import open_image
from medrwr.retrieval.dicom_cases import import_dicom
from medrwr.retrieval.dicom_identity import identity_elements, without_identity


def write(path: Path, pixels: np.ndarray, **fields: object) -> Path:
    """A small file; `pixels` [rows, columns] or [frames, rows, columns] of uint16."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.Modality, dataset.BodyPartExamined = "CT", "CHEST"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "MRN-0815", "19500101"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    for name, value in fields.items():
        setattr(dataset, name, value)
    dataset.PixelData = pixels.astype(np.uint16).tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


def grey(path: Path) -> list[list[int]]:
    return np.asarray(open_image(path).convert("L")).tolist()


RAMP = np.array([[0, 100], [200, 400]])


def test_m10_pixels_by_hand(tmp_path: Path) -> None:
    """Without a window the range is stretched to 0..255: 100 of 400 is 63.75."""
    assert grey(write(tmp_path / "plain.dcm", RAMP)) == [[0, 63], [127, 255]]
    assert grey(write(tmp_path / "one.dcm", RAMP, PhotometricInterpretation="MONOCHROME1")) == [[255, 191], [127, 0]]


def test_m10_windows_and_rescaling(tmp_path: Path) -> None:
    """Centre 150, width 99 shows 100 as black and 200 as white (PS3.3 C.11.2.1.2); a slope of 2 moves both."""
    window = {"WindowCenter": 150, "WindowWidth": 99}
    assert grey(write(tmp_path / "w.dcm", RAMP, **window)) == [[0, 0], [255, 255]]
    scaled = write(tmp_path / "s.dcm", RAMP, RescaleSlope=0.5, RescaleIntercept=0, **window)
    assert grey(scaled) == [[0, 0], [0, 255]]


def test_m10_of_many_frames_the_middle_one(tmp_path: Path) -> None:
    frames = np.stack([RAMP * 0, RAMP, RAMP[::-1]])
    assert grey(write(tmp_path / "f.dcm", frames)) == [[0, 63], [127, 255]]


def test_identity_goes_at_every_depth(tmp_path: Path) -> None:
    inner = Dataset()
    inner.PatientName, inner.Modality = "Doe^Jane", "CT"
    dataset = pydicom.dcmread(
        write(tmp_path / "a.dcm", RAMP, ReferencedImageEvidenceSequence=[], AnatomicRegionSequence=[inner])
    )
    dataset.private_block(0x0099, "ACME", create=True).add_new(1, "LO", "Doe^Jane")
    dataset.add_new((0x6000, 0x4000), "LT", "overlay of Doe")
    clean = without_identity(dataset)
    assert "Doe" in str(dataset)
    assert "Doe" not in str(clean)
    assert "MRN" not in str(clean)
    assert "1950" not in str(clean)
    assert list(identity_elements(clean)) == []
    assert len(list(identity_elements(dataset))) >= 5
    assert (clean.Modality, clean.AnatomicRegionSequence[0].Modality) == ("CT", "CT")


def test_a_folder_becomes_cases_and_reasons(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "Doe").mkdir(parents=True)
    write(folder / "Doe/a.dcm", RAMP)
    write(folder / "burned.dcm", RAMP, BurnedInAnnotation="YES")
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    (folder / "copy.dcm").write_bytes((folder / "Doe/a.dcm").read_bytes())
    (folder / "notes.txt").write_text("not a picture")
    (folder / "captions.jsonl").write_text('{"file": "copy.dcm", "caption": "A basal band."}\n')
    cases, bad = import_dicom(folder, tmp_path / "out", source="ward", image_root=tmp_path)
    assert [case.caption for case in cases] == ["CT chest"]
    assert grey(tmp_path / cases[0].image) == [[0, 63], [127, 255]]
    reasons = {entry.record_id: entry.reason for entry in bad}
    assert set(reasons) == {"burned.dcm", "broken.dcm", "copy.dcm"}
    assert "burned into" in reasons["burned.dcm"]
    again, _ = import_dicom(folder, tmp_path / "out", source="ward", image_root=tmp_path)
    assert again == cases
    assert "Doe" not in "".join(path.read_text("latin1") for path in (tmp_path / "out").iterdir()) + str(cases)
    with pytest.raises(ArtefactError, match=r"correct case_index\.dicom"):
        import_dicom(tmp_path / "nowhere", tmp_path / "out", source="ward", image_root=tmp_path)


def test_a_tiff_and_a_broken_dicom(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(RAMP.astype(np.uint16)).save(tmp_path / "a.tiff")
    assert grey(tmp_path / "a.tiff") == [[0, 63], [127, 255]]
    (tmp_path / "a.dcm").write_bytes(b"no dicom at all")
    with pytest.raises(ImageError, match="no DICOM file"):
        open_image(tmp_path / "a.dcm")


def test_m10_of_141_real_files_each_is_a_case_or_has_a_reason(medical_data: Path, tmp_path: Path) -> None:
    """And nothing that the standard's table names is left, nor any name or number of a patient in any text."""
    folder = medical_data / "dicom"
    files = sorted(folder.rglob("*.dcm"))
    cases, bad = import_dicom(folder, tmp_path, source="dicom", image_root=tmp_path)
    assert len(files) == 141 == len(cases) + len(bad)
    assert len(cases) >= 95
    assert all(entry.reason for entry in bad)
    secrets = set()
    for path in files:
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=["PatientName", "PatientID"])
        secrets |= {text for name in ("PatientName", "PatientID") if len(text := str(dataset.get(name) or "")) > 5}
    assert len(secrets) > 20
    for case in cases:
        text = (tmp_path / f"{case.case_id}.json").read_text()
        header = Dataset.from_json(json.loads(text)["dicom"])
        assert list(identity_elements(header)) == []
        assert not [secret for secret in secrets if secret in text or secret in str(case)]
        assert open_image(tmp_path / case.image).size[0] >= 1
