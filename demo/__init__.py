"""The demonstration hospital: a made-up HIS database, its feeds, and the people who work there."""
