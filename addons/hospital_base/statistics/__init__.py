"""How figures look on paper; nothing here needs Odoo."""
