"""From a methodology and raw readings to numbers that can be walked back; writes no documents."""
