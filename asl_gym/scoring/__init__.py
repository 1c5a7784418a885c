"""The hindsight frontier and the one evaluation loop."""
