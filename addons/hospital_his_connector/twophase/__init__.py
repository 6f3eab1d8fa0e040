"""Two databases that commit together or not at all: Odoo's, which decides, and the HIS's, which follows."""
