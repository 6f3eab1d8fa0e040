"""What is decided about messages without a database: pure Python."""
