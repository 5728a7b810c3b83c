"""Training the runs of a study in worker processes, here or on a Ray cluster."""
