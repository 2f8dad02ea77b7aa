"""The technical documentation in the order of Annex IV of the AI Act, filled in as far as a training can know."""

from pipelines.papers.card import environment
from pipelines.papers.facts import Facts
from pipelines.papers.register import RISKS


def technical_documentation(facts: Facts) -> str:
    """Return the documentation as Markdown, in Dutch; what the organisation must fill in is marked in bold."""
    template = environment("nl").get_template("technical-documentation.md")
    return template.render(facts=facts, card=facts.card, evaluation=facts.evaluation, audit=facts.audit, risks=RISKS)
