"""The ground floor: what a delivery, a table, a reason and a weekly list are. Imports nothing of ours."""
