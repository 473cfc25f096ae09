"""Use cases: each opens the transaction, calls the core, stores and returns. No sentence, no page."""
