"""The contact gate's decision, without Odoo."""
