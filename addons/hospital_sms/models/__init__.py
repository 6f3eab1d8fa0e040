from . import (
    hospital_gateway,
    hospital_message,
    hospital_message_batch,
    hospital_message_block,
    hospital_message_inbound,
    hospital_message_part,
    hospital_message_queue,
    hospital_message_report,
    hospital_message_search,
    hospital_message_stop,
    hospital_wechat_follower,
    sms_template,
)
