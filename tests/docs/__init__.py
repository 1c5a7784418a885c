"""The documentation: its code runs, and what it shows exists."""
