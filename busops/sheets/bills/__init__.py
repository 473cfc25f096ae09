"""Bills as they are downloaded: what kind one is, and its lines; one module for each form."""
