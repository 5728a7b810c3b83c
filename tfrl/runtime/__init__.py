"""TensorFlow in a process: its settings, compile cache and arithmetic self-test."""
