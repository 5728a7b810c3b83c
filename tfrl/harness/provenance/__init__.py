"""What a run is made with: code, packages and processor."""
