"""How TensorFlow runs in a process: settings, compile cache, self-test of arithmetic."""
