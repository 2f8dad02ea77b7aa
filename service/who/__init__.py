"""Who is asking: people who sign in here or elsewhere, programs with their tokens, and the roles that both have."""
