# First what others inherit from.
from . import hospital_his_glimpse

# isort: split
from . import (
    hospital_his_dry_run,
    hospital_his_import,
    hospital_his_look,
    hospital_his_outbox_discard,
    hospital_his_transaction_settle,
)
