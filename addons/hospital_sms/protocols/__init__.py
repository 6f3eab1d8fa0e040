"""Speaking to operators and vendors: pure Python and asyncio, nothing of Odoo. One file per protocol, one per vendor.

``contract`` says what the service and a link expect of each other.
"""
