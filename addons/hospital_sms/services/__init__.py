"""Classes that the service process runs."""

from . import batches, messages
