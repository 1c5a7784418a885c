"""The environments: one simulation, views of action and observation, rewards, rendering."""
