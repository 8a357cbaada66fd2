"""Mutation of methodologies: wrong specs made on purpose, and what notices them."""
