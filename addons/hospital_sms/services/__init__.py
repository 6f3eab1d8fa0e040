"""Classes that the service process runs."""
