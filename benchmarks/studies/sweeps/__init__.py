"""Studies: policies over one or two axes of a scenario, from a TOML file to rows and figures."""
