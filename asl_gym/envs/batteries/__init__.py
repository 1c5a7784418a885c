"""Environments whose devices run on batteries: what differs from those with an energy budget."""
