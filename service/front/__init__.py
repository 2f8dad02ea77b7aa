"""The front of the house: what every request passes and every answer carries."""
