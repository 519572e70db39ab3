"""From a tuned or merged model to the files that engines load, each compared with its source."""

from posology.adapt.export.comparing import Difference, Tolerance, compare_logits
from posology.adapt.export.exporting import FORMS, Export, Exported, export_model

__all__ = [
    "FORMS",
    "Difference",
    "Export",
    "Exported",
    "Tolerance",
    "compare_logits",
    "export_model",
]
