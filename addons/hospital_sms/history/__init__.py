"""Finding messages again: the pairs of characters of their texts; nothing here needs Odoo."""
