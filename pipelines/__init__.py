"""What runs by itself: deliveries in, models trained, lists out. The only writers of batch results."""
