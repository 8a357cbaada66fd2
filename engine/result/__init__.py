"""What a run leaves behind: values, traces, digests."""
