"""Statistics of stored results: pure functions, DataFrame in, DataFrame out.

No module imports TensorFlow, uses a global random generator or changes its arguments. A "run" is
one combination of environment, configuration and seed. Statistics over seeds use one value per run.
"""
