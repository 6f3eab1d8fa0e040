from . import hospital_reveal
