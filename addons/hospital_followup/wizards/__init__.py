from . import (
    hospital_followup_callback,
    hospital_followup_case,
    hospital_followup_close,
    hospital_followup_create,
    hospital_followup_export,
    hospital_followup_preview,
    hospital_followup_reassign,
)
