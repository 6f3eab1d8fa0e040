"""Every link there is: importing a protocol's file registers it."""

from ..protocols import cmpp_link, sgip_link, simulator, smgp_link  # noqa: F401
