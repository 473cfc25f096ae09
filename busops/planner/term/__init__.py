"""Term mode: one scheme of lines for a whole term, the weekly plan on it, and its replay on past weekends."""
