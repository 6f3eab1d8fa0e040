"""Writing to a HIS: pure Python without Odoo, run in the same child process as the reading."""
