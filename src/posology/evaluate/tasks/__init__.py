"""The tasks, each a file; ``TASKS`` lists them."""

from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evaluate.task import Task
from posology.evaluate.tasks.aci_bench import ACI_BENCH
from posology.evaluate.tasks.afrimedqa import AFRIMEDQA
from posology.evaluate.tasks.bc5cdr import BC5CDR
from posology.evaluate.tasks.bioasq_taskb import BIOASQ_TASKB
from posology.evaluate.tasks.cams_mental_health import CAMS_MENTAL_HEALTH
from posology.evaluate.tasks.clinicaflow_vignettes import CLINICAFLOW_VIGNETTES
from posology.evaluate.tasks.clinical_trial_parser_ner import CLINICAL_TRIAL_PARSER_NER
from posology.evaluate.tasks.codiesp import CODIESP_EN, CODIESP_ES
from posology.evaluate.tasks.covidfact_rte import COVIDFACT_RTE
from posology.evaluate.tasks.criteria import CRITERIA
from posology.evaluate.tasks.ddi_corpus_2013 import DDI_CORPUS_2013
from posology.evaluate.tasks.ddi_end_to_end import DDI_END_TO_END
from posology.evaluate.tasks.e3c import E3C
from posology.evaluate.tasks.esi_handbook_cases import ESI_HANDBOOK_CASES
from posology.evaluate.tasks.expertqa import EXPERTQA
from posology.evaluate.tasks.healthver import HEALTHVER
from posology.evaluate.tasks.imhi_mental_health import IMHI_DR, IMHI_DREADDIT, IMHI_SAD
from posology.evaluate.tasks.irf_mental_health import IRF_PBU, IRF_TBE
from posology.evaluate.tasks.ktas_triage import KTAS_TRIAGE
from posology.evaluate.tasks.medec_ms import MEDEC_MS
from posology.evaluate.tasks.medhallu import MEDHALLU
from posology.evaluate.tasks.medhalt_fake import MEDHALT_FAKE
from posology.evaluate.tasks.mediqa2019_rqe import MEDIQA2019_RQE
from posology.evaluate.tasks.medmcqa import MEDMCQA
from posology.evaluate.tasks.medqa_usmle import MEDQA_USMLE
from posology.evaluate.tasks.mts_dialog import MTS_DIALOG, MTS_DIALOG_SECTION
from posology.evaluate.tasks.ncbi_disease import NCBI_DISEASE
from posology.evaluate.tasks.nursesim_triage import NURSESIM_TRIAGE
from posology.evaluate.tasks.openi_indiana_reports import OPENI_INDIANA_REPORTS
from posology.evaluate.tasks.pubmedqa import PUBMEDQA
from posology.evaluate.tasks.symptom_vignettes import SYMPTOM_VIGNETTES

__all__ = ["TASKS", "find_task"]

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        HEALTHVER,
        IMHI_DR,
        IMHI_DREADDIT,
        IMHI_SAD,
        MEDQA_USMLE,
        PUBMEDQA,
        MEDEC_MS,
        CAMS_MENTAL_HEALTH,
        IRF_TBE,
        IRF_PBU,
        EXPERTQA,
        COVIDFACT_RTE,
        MEDHALLU,
        MEDHALT_FAKE,
        MEDIQA2019_RQE,
        BIOASQ_TASKB,
        AFRIMEDQA,
        MEDMCQA,
        KTAS_TRIAGE,
        OPENI_INDIANA_REPORTS,
        MTS_DIALOG,
        MTS_DIALOG_SECTION,
        ACI_BENCH,
        SYMPTOM_VIGNETTES,
        ESI_HANDBOOK_CASES,
        CLINICAFLOW_VIGNETTES,
        NURSESIM_TRIAGE,
        CRITERIA,
        NCBI_DISEASE,
        BC5CDR,
        CLINICAL_TRIAL_PARSER_NER,
        *E3C,
        DDI_CORPUS_2013,
        DDI_END_TO_END,
        CODIESP_EN,
        CODIESP_ES,
    )
}


def find_task(name: str) -> Task:
    """Return the task of a name; raise UserError, offering the nearest name, where there is none."""
    if name not in TASKS:
        raise UserError(f"there is no task {name!r}{nearest_words(name, TASKS)}")
    return TASKS[name]
