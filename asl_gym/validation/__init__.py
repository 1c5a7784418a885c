"""Validation: checks of values, fields that declare what they allow, one reader of JSON."""
