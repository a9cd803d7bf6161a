"""The printable report of a programme: what its pages tell, section by section, as one document."""
