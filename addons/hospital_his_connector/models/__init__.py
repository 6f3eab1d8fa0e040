# First what others inherit from.
from . import hospital_his_message

# isort: split
from . import (
    hospital_encounter,
    hospital_his_booking,
    hospital_his_booking_compare,
    hospital_his_codemap,
    hospital_his_deadletter,
    hospital_his_delivery,
    hospital_his_endpoint,
    hospital_his_feed,
    hospital_his_feed_field,
    hospital_his_feed_reading,
    hospital_his_feed_replay,
    hospital_his_inbox,
    hospital_his_link,
    hospital_his_outbox,
    hospital_his_outbox_booking,
    hospital_his_outbox_sending,
    hospital_his_run,
    hospital_his_source,
    hospital_his_source_kind,
    hospital_his_stop,
    hospital_his_transaction,
    hospital_his_transaction_recovery,
    res_partner,
)
