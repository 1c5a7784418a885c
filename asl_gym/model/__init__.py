"""What there is, and what every choice costs: components, profiles, costs, queues, System."""
