"""The parallel schedule's solver: exact upper layer, relaxation, branch and bound."""
