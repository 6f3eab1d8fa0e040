from . import hospital_patient_correct, hospital_patient_phone_add, hospital_reveal
