"""One round's problem and its solvers, and every round of a known trace."""
