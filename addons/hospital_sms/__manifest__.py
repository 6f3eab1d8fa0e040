{
    "name": "Hospital: Messages",
    "summary": "SMS by the three operators and WeChat: each message once, each accounted for",
    "version": "19.0.1.0.0",
    "category": "Hospital",
    "license": "LGPL-3",
    "author": "Hospital Follow-up Suite contributors",
    "depends": ["hospital_base", "sms"],
    "external_dependencies": {"python": ["aiosmpplib", "cryptography", "openpyxl", "phonenumbers", "xlsxwriter"]},
    "data": [
        "security/hospital_sms_groups.xml",
        "security/ir.model.access.csv",
        "security/hospital_sms_rules.xml",
        "security/hospital_message_batch_rules.xml",
        "views/hospital_sms_menus.xml",
        "views/hospital_message_batch_views.xml",
        "views/hospital_message_batch_actions.xml",
    ],
    "assets": {
        "web.assets_backend": ["hospital_sms/static/src/**/*"],
    },
    "application": True,
}
