"""The rules of school transport: pure functions over frozen values, standard library only."""
