"""When whom to call: pure functions without Odoo, each explained by its doctest."""
