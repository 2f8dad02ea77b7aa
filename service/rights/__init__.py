"""What a parent, or a pupil from 16, may ask: to see what is stored, to have it put right, to object to being listed."""
