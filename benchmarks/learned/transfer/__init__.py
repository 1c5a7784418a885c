"""The table of transfer: agents on what they were not trained on, by a protocol set beforehand."""
