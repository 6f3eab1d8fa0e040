"""Every link there is: importing a protocol's file registers it."""

from ..protocols import simulator  # noqa: F401
