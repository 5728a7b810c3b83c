"""From a study file to stored results: what to run, running it, and keeping what came out."""
