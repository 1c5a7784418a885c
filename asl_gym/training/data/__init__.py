"""Labelled images to train on, and their division among devices."""

from asl_gym.training.data.folder import read_folder
from asl_gym.training.data.images import LabelledImages, digits
from asl_gym.training.data.splitting import SPLITS, split_over_devices

__all__ = ["SPLITS", "LabelledImages", "digits", "read_folder", "split_over_devices"]
