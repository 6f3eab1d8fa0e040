"""What a batch needs no database for: reading a list, writing back its bad rows."""
