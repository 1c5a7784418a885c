"""Learned agents for asl-gym: algorithms and hyperparameters as data, training, loading.

They run from a checkout of the repository and are no part of the installed package.
"""
