"""A mutation check by hand, see :mod:`tests.mutation.__main__`."""
