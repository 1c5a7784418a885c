"""Policies for devices on batteries that the sun charges.

Devices that train in turn at the server's full clock have nothing in common, so that each policy is
a rule for one device, which all devices of all environments follow at once.
"""
