"""PPO with credit by device: one network for all devices, from realised rewards alone."""
