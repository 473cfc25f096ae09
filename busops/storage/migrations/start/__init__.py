"""The tables of the first release, by area, as they were on the day they were frozen."""
