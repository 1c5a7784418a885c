"""A network that says what a joule is worth, shared by all devices of all fleets on batteries."""
