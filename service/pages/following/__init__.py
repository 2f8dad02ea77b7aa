"""What people do about a pupil: the board, plans, cases and the playbook."""
