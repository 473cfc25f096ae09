"""Other groups than those that the search began with: stops shared out anew, stops chosen again."""
