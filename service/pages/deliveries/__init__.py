"""From files to a first list: handing in, what became of it, what codes mean, and the first hour."""
