"""How an agent with a caller on the line finds something by a few letters. Pure Python, no Odoo."""
