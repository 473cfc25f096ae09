"""The goal of 10 %: what a plan brings, what the cheapest possible could, and what would reach it."""
