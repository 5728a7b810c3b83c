"""Speed of tfrl beside other implementations of the same work, and beside what the machine allows.

`python -m bench` runs every measure in turn, several times over, and writes `bench/README.md`. Each
measure is a program of its own that prints one JSON object.
"""
