"""A bound on policies on batteries that do not know the future, and how far they are from it."""
