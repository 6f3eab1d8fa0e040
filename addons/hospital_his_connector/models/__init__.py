# First what others inherit from.
from . import hospital_his_message

# isort: split
from . import (
    hospital_enquiry,
    hospital_his_client,
    hospital_his_client_log,
    hospital_his_client_service,
    hospital_his_codemap,
    hospital_his_deadletter,
    hospital_his_enquiry,
    hospital_his_enquiry_answer,
    hospital_his_enquiry_field,
    hospital_his_feed,
    hospital_his_feed_field,
    hospital_his_feed_reading,
    hospital_his_feed_replay,
    hospital_his_inbox,
    hospital_his_inbox_soap,
    hospital_his_link,
    hospital_his_run,
    hospital_his_source,
    res_partner,
)
