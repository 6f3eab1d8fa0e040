"""Writing one batch of mapped rows: set-based SQL, one transaction, one class per kind of feed."""

from .catalogues import DepartmentPhoneLoader, DirectoryLoader, DrugLoader, ExamItemLoader
from .clinic import ClinicSessionLoader, ClinicSlotLoader
from .clinical import DiagnosisLoader, OperationLoader, TransferLoader
from .encounter import EncounterLoader
from .loader import Counts, Loader
from .organisation import DepartmentLoader, EmployeeLoader
from .patient import PatientLoader
from .services import ReportLoader, SurgeryLoader

LOADERS = {
    "department": DepartmentLoader,
    "employee": EmployeeLoader,
    "patient": PatientLoader,
    "inpatient": EncounterLoader,
    "discharge": EncounterLoader,
    "outpatient": EncounterLoader,
    "diagnosis": DiagnosisLoader,
    "operation": OperationLoader,
    "transfer": TransferLoader,
    "drug": DrugLoader,
    "exam_item": ExamItemLoader,
    "department_phone": DepartmentPhoneLoader,
    "directory": DirectoryLoader,
    "report": ReportLoader,
    "surgery": SurgeryLoader,
    "clinic_session": ClinicSessionLoader,
    "clinic_slot": ClinicSlotLoader,
}
