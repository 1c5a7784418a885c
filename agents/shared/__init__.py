"""A fleet-size-independent agent: one network shared by all devices.

It sees each device's row of the ``devices`` observation, a pooled context of the fleet, and what it
remembers of the episode; it is trained on some fleets of one size and plays others of any size.
"""
