"""Reading a HIS: pure Python without Odoo, run in a child process with hard deadlines."""
