"""The pages: a module with its routes each, what they lay out, and the geometry of their drawings."""
