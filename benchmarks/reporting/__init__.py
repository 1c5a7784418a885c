"""Reporting: from rows to statistics, tables, notes and plots."""
