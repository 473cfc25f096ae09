"""Makes the demo school: an invented boarding school at Deyang, the same bytes for the same seed."""
