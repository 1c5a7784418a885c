"""Playing: configuration, suite, users' policies, the runner and its folder of results."""
