"""The study file: environments, configurations and seeds, checked strictly."""
