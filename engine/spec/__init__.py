"""A methodology as written: reading, models, formula trees, factor tables, modules."""
