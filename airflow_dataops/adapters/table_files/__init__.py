"""Tables in files other than CSV: Parquet and Excel's.

Each format's library comes with an extra of its own and is imported where it is used.
"""
