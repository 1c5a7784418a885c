"""What is asked of a system: budget, horizon and knowledge; presets, resizing, reference."""
