"""From DataFrames to SVG. Nothing here knows what a chapter is."""
