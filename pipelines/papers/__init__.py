"""The papers of a model: model card, record for the algorithm register, technical documentation."""
