"""What a methodology is guaranteed to do for all inputs inside its bounds: proofs, refutations with points, limits."""
