"""A colleague's bad morning."""

message = "this pipeline cannot be built"

raise LookupError(message)
