"""Policies: the protocol, OPEN and its versions, the existing schemes, simple baselines."""
