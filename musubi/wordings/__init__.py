"""定型文: what is written every week, as texts a municipality may change, filled from the case when they are used."""
