"""When a schedule is due: wall clocks, windows, weekdays. Pure Python, no Odoo."""
