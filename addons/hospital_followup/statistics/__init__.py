"""What the figures mean and how they look on paper; nothing here needs Odoo."""
