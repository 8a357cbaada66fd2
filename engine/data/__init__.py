"""From a project file and raw readings to the values of parameters."""
