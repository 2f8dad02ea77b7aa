"""A typed client of the API for programs in Python: a method for each operation, over the service's own resources.

It asks for its own tokens, waits where the service says so, and follows pages. See docs/api.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from service.api.audit import Logboek, LogboekZoekvraag
from service.api.cases import Dossier, Dossiers, NieuwDossier
from service.api.deliveries import Levering, Leveringen
from service.api.duties import Verzuimmelding, Verzuimmeldingen
from service.api.follow_ups import Opvolging, Opvolgingen, Voornemen
from service.api.health import Gezondheid, Levend
from service.api.models import Model
from service.api.region import Regiobeeld
from service.api.resources import Historie, Signaal, Signalen, Weeklijst, Weeklijsten
from service.api.scores import Scores
from service.api.signals import Zoekvraag
from service.client.calling import Caller
from service.client.client_tokens import Proof, Tokens

if TYPE_CHECKING:
    import polars as pl

PARQUET = "application/vnd.apache.parquet"
Page = TypeVar("Page", Weeklijsten, Signalen, Opvolgingen, Verzuimmeldingen, Dossiers, Leveringen, Logboek)


class Client(Caller):
    """One installation, as a program asks it. Methods are named after the operations of the OpenAPI document.

    Parameters
    ----------
    address
        Of the installation, such as ``https://aanwezig.voorbeeld.nl``.
    proof
        Who asks: `service.client.client_tokens.by_secret` or `by_key`.
    issuer
        Where tokens are given, if not by the installation itself.
    scopes
        To which permissions to limit the tokens; empty is all.
    """

    def __init__(self, address: str, proof: Proof, *, issuer: str | None = None, scopes: tuple[str, ...] = ()) -> None:
        tokens = Tokens(issuer or f"{address.rstrip('/')}/oauth/token", proof, scopes)
        super().__init__(httpx.Client(base_url=address, auth=tokens, timeout=60))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def weekly_lists(
        self,
        *,
        school: str | None = None,
        week: date | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        amount: int | None = None,
    ) -> Weeklijsten:
        """Return a page of lists, newest week first; with `since` every edition in the order of publishing."""
        return self.ask(
            Weeklijsten,
            "GET",
            "/weeklijsten",
            school=school,
            week=week,
            gewijzigdSinds=since,
            cursor=cursor,
            aantal=amount,
        )

    def weekly_list(self, list_id: str) -> Weeklijst:
        """Return one list."""
        return self.ask(Weeklijst, "GET", f"/weeklijsten/{list_id}")

    def signals_on_list(self, list_id: str, *, cursor: str | None = None, amount: int | None = None) -> Signalen:
        """Return a page of the signals on one list."""
        return self.ask(Signalen, "GET", f"/weeklijsten/{list_id}/signalen", cursor=cursor, aantal=amount)

    def signals(
        self, *, since: datetime | None = None, cursor: str | None = None, amount: int | None = None
    ) -> Signalen:
        """Return a page of all signals, in the order of publishing."""
        return self.ask(Signalen, "GET", "/signalen", gewijzigdSinds=since, cursor=cursor, aantal=amount)

    def search_signals(self, wanted: Zoekvraag, *, cursor: str | None = None, amount: int | None = None) -> Signalen:
        """Return a page of the signals that are looked for."""
        return self.ask(Signalen, "POST", "/signalen/_zoek", body=wanted, cursor=cursor, aantal=amount)

    def signal(self, signal_id: str) -> Signaal:
        """Return one signal."""
        return self.ask(Signaal, "GET", f"/signalen/{signal_id}")

    def signal_history(self, signal_id: str) -> Historie:
        """Return where the same pupil stood in other weeks."""
        return self.ask(Historie, "GET", f"/signalen/{signal_id}/historie")

    def open_follow_up(self, signal_id: str, plan: Voornemen) -> Opvolging:
        """Begin a follow-up on a signal."""
        return self.ask(Opvolging, "POST", f"/signalen/{signal_id}/opvolgingen", body=plan)

    def follow_ups(
        self, *, since: datetime | None = None, cursor: str | None = None, amount: int | None = None
    ) -> Opvolgingen:
        """Return a page of follow-ups, in the order in which they last changed."""
        return self.ask(Opvolgingen, "GET", "/opvolgingen", gewijzigdSinds=since, cursor=cursor, aantal=amount)

    def follow_up(self, follow_up_id: str) -> tuple[Opvolging, str]:
        """Return one follow-up, and the ETag with which to change it."""
        answer = self.send("GET", f"/opvolgingen/{follow_up_id}")
        return Opvolging.model_validate_json(answer.content), answer.headers["ETag"]

    def change_follow_up(self, follow_up_id: str, plan: Voornemen, *, if_match: str) -> Opvolging:
        """Put `plan` in place of what stood there under the ETag `if_match`."""
        json = plan.model_dump(mode="json", by_alias=True)
        answer = self.send("PUT", f"/opvolgingen/{follow_up_id}", json=json, headers={"If-Match": if_match})
        return Opvolging.model_validate_json(answer.content)

    def duties(
        self,
        *,
        school: str | None = None,
        week: date | None = None,
        cursor: str | None = None,
        amount: int | None = None,
    ) -> Verzuimmeldingen:
        """Return a page of legal duties to report."""
        return self.ask(
            Verzuimmeldingen, "GET", "/verzuimmeldingen", school=school, week=week, cursor=cursor, aantal=amount
        )

    def duty(self, duty_id: str) -> Verzuimmelding:
        """Return the duties about one pupil."""
        return self.ask(Verzuimmelding, "GET", f"/verzuimmeldingen/{duty_id}")

    def region(self, *, week: date | None = None) -> Regiobeeld:
        """Return the region in counts: of `week`, or the newest."""
        return self.ask(Regiobeeld, "GET", "/regiobeelden", week=week)

    def open_case(self, new: NieuwDossier) -> Dossier:
        """Open a case for the alliance."""
        return self.ask(Dossier, "POST", "/dossiers", body=new)

    def cases(self, *, cursor: str | None = None, amount: int | None = None) -> Dossiers:
        """Return a page of cases."""
        return self.ask(Dossiers, "GET", "/dossiers", cursor=cursor, aantal=amount)

    def case(self, case_id: str) -> Dossier:
        """Return one case."""
        return self.ask(Dossier, "GET", f"/dossiers/{case_id}")

    def close_case(self, case_id: str) -> None:
        """Close a case."""
        self.send("DELETE", f"/dossiers/{case_id}")

    def current_model(self) -> Model:
        """Return the card of the model that makes the lists now."""
        return self.ask(Model, "GET", "/modellen/huidig")

    def scorecard(self, version: str) -> dict[str, Any]:
        """Return a scorecard as JSON; `models.scorecard` reads its text."""
        return dict(self.send("GET", f"/modellen/{version}/scorekaart").json())

    def score_pupils(self, history: Mapping[str, Any]) -> Scores:
        """Return the scores of pupils whose absence history is sent along; nothing of it is kept."""
        return Scores.model_validate_json(self.send("POST", "/scores", json=history).content)

    def deliver(self, content: bytes, *, school: str, kind: str, written_as: str) -> Levering:
        """Hand in a file of one school."""
        query = {"school": school, "soort": kind, "formaat": written_as}
        octets = {"Content-Type": "application/octet-stream"}
        answer = self.send("POST", "/leveringen", params=query, content=content, headers=octets)
        return Levering.model_validate_json(answer.content)

    def list_deliveries(
        self, *, school: str | None = None, cursor: str | None = None, amount: int | None = None
    ) -> Leveringen:
        """Return a page of deliveries."""
        return self.ask(Leveringen, "GET", "/leveringen", school=school, cursor=cursor, aantal=amount)

    def read_delivery(self, delivery_id: str) -> Levering:
        """Return one delivery, with what was found in it."""
        return self.ask(Levering, "GET", f"/leveringen/{delivery_id}")

    def audit(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        amount: int | None = None,
    ) -> Logboek:
        """Return a page of the audit, newest first."""
        return self.ask(Logboek, "GET", "/logboek", vanaf=since, tot=until, cursor=cursor, aantal=amount)

    def search_audit(
        self, wanted: LogboekZoekvraag, *, cursor: str | None = None, amount: int | None = None
    ) -> Logboek:
        """Return a page of the lines that are looked for."""
        return self.ask(Logboek, "POST", "/logboek/_zoek", body=wanted, cursor=cursor, aantal=amount)

    def read_health(self) -> Gezondheid:
        """Return whether the service is ready."""
        return self.ask(Gezondheid, "GET", "/gezondheid")

    def read_liveness(self) -> Levend:
        """Return that the service is alive."""
        return self.ask(Levend, "GET", "/gezondheid/levend")

    def every(self, page: Page) -> Iterator[Page]:
        """Yield `page` and, one by one, the pages after it."""
        yield page
        while "volgende" in page.links:
            page = self.follow(type(page), page.links["volgende"].href)
            yield page

    def pull(self, kept: str | None = None) -> Iterator[Signalen]:
        """Yield the pages of every signal published since an earlier pull, without gaps.

        Parameters
        ----------
        kept
            ``page.links["bijgewerkt"].href`` of the last page of that pull; None begins at the beginning.
        """
        yield from self.every(self.signals() if kept is None else self.follow(Signalen, kept))

    def download(self, to: Path, *, form: str = PARQUET, since: datetime | None = None) -> None:
        """Write every signal to a file, as flat rows: Parquet, ``text/csv`` or ``application/x-ndjson``."""
        with to.open("wb") as file:
            file.writelines(self.stream("/signalen", accept=form, gewijzigdSinds=since))


def frame(rows: Iterable[BaseModel]) -> "pl.DataFrame":
    """Return resources as a Polars DataFrame, a row each; needs Polars."""
    import polars as pl  # noqa: PLC0415 - large, and only here

    return pl.DataFrame([row.model_dump(by_alias=True) for row in rows])
