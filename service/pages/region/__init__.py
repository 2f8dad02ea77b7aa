"""What leaves the school: the region in counts, its sums, and duties to report."""
