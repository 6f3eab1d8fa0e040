"""Speaking to operators and vendors: pure Python and asyncio, nothing of Odoo. One file per protocol, one per vendor.

``contract`` says what the service and a link expect of each other.
"""

from . import aliyun, cmpp_link, sgip_link, smgp_link, smpp_link, tencent
