"""What can be said of a methodology before any data is seen."""
