"""What people do about a signal: plan, do, tell what came of it, leave it for now, take it back."""
