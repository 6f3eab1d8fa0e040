"""The web service of the appointments: contract, safe reading, both forms of a message. No database."""
