"""The checks that validators make on project data and results."""
