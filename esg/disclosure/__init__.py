"""From the results of projects, a ledger of credits and an inventory to disclosure tables that do not over-claim."""
