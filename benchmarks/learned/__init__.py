"""The learned agents' results page: training, evaluation over training seeds, statistics, text."""
