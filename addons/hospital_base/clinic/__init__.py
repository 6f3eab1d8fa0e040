"""Appointments: the states of a place in a clinic and of a booking, and what may follow what. Pure Python."""
