"""What parents and pupils ask, and the sheet for them."""
