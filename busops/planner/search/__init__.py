"""How good plans are found: greedy, OR-Tools' routing, ruin and recreate, assembly of the routes seen."""
