"""An example of a plugin for mmbench."""
