"""The page on which one asks a model and sees it reason: files of this package, and the preview of DICOM files."""

from medrwr.serving.page.mounting import mount_page

__all__ = ["mount_page"]
