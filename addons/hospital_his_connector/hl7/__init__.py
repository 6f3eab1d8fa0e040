"""HL7 version 2 as a hospital's systems send it: framing, reading by path, answering. Pure Python, no Odoo."""
