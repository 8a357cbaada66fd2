"""One plan and its two evaluators, which share no arithmetic."""
