# First what others inherit from.
from . import hospital_his_message

# isort: split
from . import (
    hospital_his_codemap,
    hospital_his_codemap_choice,
    hospital_his_deadletter,
    hospital_his_feed,
    hospital_his_feed_definition,
    hospital_his_feed_field,
    hospital_his_feed_reading,
    hospital_his_feed_replay,
    hospital_his_feed_sample,
    hospital_his_feed_target,
    hospital_his_feed_trial,
    hospital_his_feed_version,
    hospital_his_link,
    hospital_his_run,
    hospital_his_source,
    hospital_his_source_kind,
    hospital_his_source_look,
    res_partner,
)
