"""Which gateway a number goes by: pure Python."""
