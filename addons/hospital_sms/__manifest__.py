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
        "security/sms_template_rules.xml",
        "data/hospital_message_word.xml",
        "data/sms_template.xml",
        "views/hospital_sms_menus.xml",
        "views/sms_template_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["hospital_sms/static/src/**/*"],
    },
    "application": True,
}
