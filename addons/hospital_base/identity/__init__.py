"""Chinese identity as pure functions: id numbers, telephone numbers, masking."""
