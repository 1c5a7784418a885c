"""The parallel schedule's solver: against SCIP, and how it scales with the fleet."""
