"""Problems that are many, or too large for one search: cut into parts, solved side by side, joined again."""
