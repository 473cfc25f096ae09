"""Planning: from a roster and a fleet to verified trips with their proven bound. No database, no pages."""
