"""Files that people write, turned into the domain; every complaint has file and line."""
