"""Live scores: what a program sends is checked, counted and scored, and nothing of it is stored."""
