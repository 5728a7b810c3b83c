"""What the stored returns say: pure functions, DataFrame in, DataFrame out.

Nothing here imports TensorFlow, draws from a global generator or changes its arguments. A "run" is
one row of (environment, configuration, seed); all statistics across seeds take one value per run.
"""
