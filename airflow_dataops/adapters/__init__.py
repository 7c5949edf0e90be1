"""One file per outside system; each is the only importer of that system's library."""
