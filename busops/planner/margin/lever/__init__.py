"""One module a kind of lever; ``margin/levers.py`` tries them all and sorts what they bring."""
