"""Baselines from weather models: what a building or plant would have used without its retrofit."""
