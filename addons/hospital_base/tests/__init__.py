from . import (
    test_case,
    test_correct,
    test_enquiry,
    test_gate,
    test_identity,
    test_leaks,
    test_patient_form,
    test_phone_add,
    test_reveal,
    test_search,
    test_service,
    test_visibility,
)
