"""Writing one batch of mapped rows: set-based SQL, one transaction, one class per kind of feed."""

from .clinical import DiagnosisLoader, OperationLoader
from .encounter import EncounterLoader
from .loader import Counts, Loader
from .organisation import DepartmentLoader, EmployeeLoader
from .patient import PatientLoader

LOADERS = {
    "department": DepartmentLoader,
    "employee": EmployeeLoader,
    "patient": PatientLoader,
    "inpatient": EncounterLoader,
    "discharge": EncounterLoader,
    "outpatient": EncounterLoader,
    "diagnosis": DiagnosisLoader,
    "operation": OperationLoader,
}
