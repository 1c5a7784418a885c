"""Studies: what is measured beside the comparison of policies."""
