"""From results to documents: monitoring reports, workbooks, pages."""
