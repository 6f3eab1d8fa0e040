"""What the figures mean; nothing here needs Odoo."""
