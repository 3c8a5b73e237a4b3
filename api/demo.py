"""A demonstration: six cases of people in Tampere, told through the real commands of those who took part in them.

They end differently or not yet: goals met; advice sufficed; ended by the client; owned by the client; sent around
between three organisations; closed and taken up again. All persons are invented.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.assessment import CompleteAssessment, StartAssessment
from domain.calendar import HELSINKI, civil_day
from domain.case import Case
from domain.client import ChooseLanguage, NameRepresentative, RegisterClient
from domain.client_ownership import AskWhoOwns, TakeOwnership
from domain.closure import CloseCase, ProposeClosure
from domain.consent import GiveConsent
from domain.contacts import AttemptContact
from domain.decider import Actor, AlreadyThere, Command, Entry, Role
from domain.directory import (
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.handoff import ProposeHandoff
from domain.intake import InformClient, OpenCase, PromiseNextStep
from domain.ledger.application import Asked, Cases
from domain.ledger.calendar import finnish_calendar
from domain.meetings import HoldJointMeeting, HoldWarmMeeting
from domain.objections import AnswerObjection, RaiseObjection
from domain.ownership import NameResponsible
from domain.plan import AgreePlan, CloseGoal, SetGoal
from domain.provision import EndService, StartService
from domain.reaching import Hours, SetSwitchboard, SetUnitContact, SetWorkerContact
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerAsClient, AnswerRequest, AskExperience, MakeRequest, ReportExperience
from domain.support import GiveSupport, RequestSupport
from domain.team import AgreeTeamLine, RecordDissent
from domain.transfer import ReceiveTransfer, TransferMatter
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement

_DEMO = uuid5(NAMESPACE_URL, "luotsi:demonstration")

ORGANISATIONS = {
    "kela": "Kela",
    "pirha": "Pirkanmaan hyvinvointialue",
    "tampere": "Tampereen työllisyyspalvelut",
    "kotikulma": "Kotikulma ry",
}
UNITS = {
    ("kela", "etuudet"): "Etuuspalvelut, Tampere",
    ("pirha", "aikuissosiaalityo"): "Aikuissosiaalityö, Tampere",
    ("pirha", "perhepalvelut"): "Lapsiperheiden palvelut, Tampere",
    ("tampere", "tyollisyys"): "Työllisyyspalvelut, Hatanpää",
    ("kotikulma", "asumisneuvonta"): "Asumisneuvonta, Hervanta",
}
SWITCHBOARDS = {"kela": "03 000 0010", "pirha": "03 000 0020", "tampere": "03 000 0030", "kotikulma": "03 000 0040"}
TELEPHONES = {
    ("kela", "etuudet"): "03 000 0011", ("pirha", "aikuissosiaalityo"): "03 000 0021",
    ("pirha", "perhepalvelut"): "03 000 0022", ("tampere", "tyollisyys"): "03 000 0031",
    ("kotikulma", "asumisneuvonta"): "03 000 0041",
}  # fmt: skip
"""Numbers that nobody has: none of that area begins with a 0."""
OFFICE_HOURS = (Hours("mon", "fri", "09:00", "15:00"),)
AINO = Actor("aino.virtanen", Role.WORKER, "pirha", "aikuissosiaalityo")
BO = Actor("bo.lindqvist", Role.WORKER, "pirha", "aikuissosiaalityo")
MARJA = Actor("marja.lehtonen", Role.MANAGER, "pirha", "aikuissosiaalityo")
HELI = Actor("heli.salo", Role.WORKER, "pirha", "perhepalvelut")
KATRI = Actor("katri.nieminen", Role.WORKER, "kela", "etuudet")
TIMO = Actor("timo.kallio", Role.WORKER, "tampere", "tyollisyys")
SANNA = Actor("sanna.maki", Role.WORKER, "kotikulma", "asumisneuvonta")
STAFF = {
    AINO: "social_worker", BO: "social_worker", MARJA: "leading_social_worker", HELI: "family_worker",
    KATRI: "benefits_adviser", TIMO: "employment_adviser", SANNA: "housing_adviser",
}  # fmt: skip
NAMES = {
    AINO: "Aino Virtanen", BO: "Bo Lindqvist", MARJA: "Marja Lehtonen", HELI: "Heli Salo", KATRI: "Katri Nieminen",
    TIMO: "Timo Kallio", SANNA: "Sanna Mäki",
}  # fmt: skip
ADMINISTRATOR = Actor("demonstration", Role.ADMINISTRATOR)
REPRESENTATIVE = uuid5(_DEMO, "representative")
REPRESENTING = Actor(str(REPRESENTATIVE), Role.REPRESENTATIVE)


class NoneInProduction(Exception):
    """The demonstration does not exist in production: its people are invented. Load it into another ledger."""


@dataclass(frozen=True)
class Done:
    """An act that was carried out: its command's id, and the version that its stream came to."""

    id: UUID
    version: Entry

    @property
    def made(self) -> UUID:
        """The id of what it made: a statement, a handoff, an objection."""
        return uuid5(self.id, "1")


class Story:
    """A case while it is being told. Each act has an id of its own, so telling it again changes nothing."""

    def __init__(self, cases: Cases, name: str, now: datetime) -> None:
        self.cases = cases
        self.case = case_of(name)
        self.client = client_of(name)
        self._today = civil_day(now)
        self._day = 0
        self._told = 0

    def on(self, working_days_ago: int) -> None:
        """Go on with what happened that day."""
        self._day = working_days_ago

    def __call__(self, clock: str, actor: Actor, command: Command[Any]) -> Done:
        """Let somebody act in the case at that time of the day at hand; what is not the case's is the client's."""
        self._told += 1
        stream = self.case if command.state is Case else UUID(self.client.id)
        act = uuid5(self.case, f"act {self._told}")
        receipt = self.cases.execute(Asked(command, stream, actor, act, self.time(self._day, clock), keyed=True))
        return Done(act, Entry(receipt.last))

    def opened(self, clock: str, actor: Actor, need: str, **how: Any) -> Done:
        """Register the client and open the case."""
        self(clock, actor, RegisterClient(municipality="Tampere"))
        return self(clock, actor, OpenCase(UUID(self.client.id), need, **how))

    def time(self, working_days_ago: int, clock: str) -> datetime:
        """Return a time of day in Finland, so many working days before today; less than none is after it."""
        step = timedelta(days=-1 if working_days_ago > 0 else 1)
        day = self._today
        for _ in range(abs(working_days_ago)):
            day += step
            while not finnish_calendar().is_worked(day):
                day += step
        return datetime.combine(day, time.fromisoformat(clock), HELSINKI).astimezone(UTC)


def case_of(name: str) -> UUID:
    """Return the stream of a case of the demonstration."""
    return uuid5(_DEMO, f"case {name}")


def client_of(name: str) -> Actor:
    """Return the client of a case of the demonstration, acting."""
    return Actor(str(uuid5(_DEMO, f"client {name}")), Role.CLIENT)


def load(cases: Cases, now: datetime) -> None:
    """Tell all of it, as having happened in the two months before now. Telling it again changes nothing."""
    register(cases)
    for name, tell in STORIES.items():
        tell(Story(cases, name, now))


def register(cases: Cases) -> None:
    """Register the organisations, units and workers that take part."""

    def enter(stream: UUID, command: Command[Any]) -> None:
        asked = Asked(command, stream, ADMINISTRATOR, uuid5(_DEMO, f"{command.slug()} {stream}"), keyed=True)
        with suppress(AlreadyThere):  # another entered it
            cases.execute(asked)

    for organisation, name in ORGANISATIONS.items():
        enter(organisation_stream(organisation), RegisterOrganisation(organisation, name))
    for (organisation, unit), name in UNITS.items():
        enter(unit_stream(organisation, unit), OpenUnit(organisation, unit, name, "Tampere"))
    for organisation, telephone in SWITCHBOARDS.items():
        enter(organisation_stream(organisation), SetSwitchboard(telephone))
    for place, telephone in TELEPHONES.items():
        electronic = f"{place[1]}@{place[0]}.example"
        enter(unit_stream(*place), SetUnitContact(telephone, OFFICE_HOURS, electronic, "Esimerkkikatu 1, Tampere"))
    for actor, profession in STAFF.items():
        at = held_by(actor)
        enter(worker_stream(at.organisation, actor.id), JoinUnit(at.organisation, at.unit, actor.id, profession))
        enter(worker_stream(at.organisation, actor.id), SetWorkerContact(NAMES[actor]))


def held_by(actor: Actor) -> Holder:
    """Return a member of staff as a holder."""
    return Holder(actor.organisation or "", actor.unit or "", actor.id)


def unit_of(actor: Actor) -> Holder:
    """Return the unit of a member of staff as a holder."""
    return held_by(actor).as_unit


# The cases


def rent_arrears(it: Story) -> None:
    """Tell of goals met: the arrears are paid, and the client says how it felt."""
    it.on(38)
    need = "Kahden kuukauden vuokravelka ja häätövaroitus. Palkka pieneni lomautuksen vuoksi."
    it.opened("09:10", AINO, need, channel="electronic")
    it.on(37)
    own = it("10:00", AINO, RecordStatement(
        "Pelkään menettäväni kodin. Maksan velan itse, mutta en jaksa yksin soittaa vuokranantajalle.",
    ))  # fmt: skip
    needs = it("10:45", AINO, StartAssessment("needs"))
    it("15:40", it.client, ConfirmStatement(own.made))
    it.on(33)
    it("14:00", AINO, CompleteAssessment(
        "needs", "guidance_needed", client_view=own.made, triggers=("change_in_life",), rests_on=(own.version,),
        summary="Maksusuunnitelma vuokranantajan kanssa; ehkäisevä toimeentulotuki selvitetään.", assessment=needs.made,
    ))  # fmt: skip
    it("14:10", AINO, PromiseNextStep("worker", "Soitamme yhdessä vuokranantajalle.", it.time(31, "12:00")))
    arrears = it("14:20", it.client, SetGoal("Pidän kotini, ja velka on maksettu huhtikuun loppuun mennessä."))
    it("14:25", AINO, AskWhoOwns("Hoitakaa te, kunhan kerrotte minulle ensin."))
    it("14:30", AINO, AgreePlan("agreed", client_view=own.made))
    it("14:40", it.client, GiveConsent(("kotikulma",), purpose="cooperation"))
    advice = it("15:00", AINO, StartService(unit_of(SANNA), arrears.made))
    it.on(31)
    it("11:50", AINO, AttemptContact("telephone", "no_answer"))
    it.on(29)
    asked = it("08:20", it.client, MakeRequest("contact", "Voitko soittaa? Vuokranantaja ei ole vastannut."))
    it("13:05", AINO, AnswerRequest(asked.made, "granted", "Soitin ja sovin maksusuunnitelman kolmeen erään."))
    it.on(16)
    paid = it("09:30", AINO, RecordStatement("Viimeinen erä on maksettu. Nyt pärjään.", medium="telephone"))
    it("09:35", AINO, CloseGoal(arrears.made, "reached"))
    it("09:40", AINO, EndService(advice.made, "Asumisneuvonta päättyi, kun velka oli maksettu.", "agreed"))
    proposed = it("09:45", AINO, ProposeClosure("goals_met", "Velka on maksettu, asuminen jatkuu.", paid.made))
    it("09:50", AINO, InformClient(proposed.version, "telephone"))
    it.on(5)
    it("10:00", AINO, AskExperience("electronic"))
    it("10:15", AINO, CloseCase())
    it("18:30", it.client, ReportExperience(5, "Joku soitti kanssani, eikä puolestani."))


def housing_allowance(it: Story) -> None:
    """Tell of advice that sufficed: the case is closed on the day of the call."""
    it.on(24)
    it.opened("12:02", KATRI, "Muutto pienempään asuntoon, asumistuen tarkistus.", channel="telephone")
    own = it("12:05", KATRI, RecordStatement("Haluan vain tietää, mitä papereita tarvitaan.", medium="telephone"))
    it("12:15", KATRI, CompleteAssessment(
        "screening", "advice_suffices", client_view=own.made, summary="Neuvottu liitteet ja ilmoitusaika.",
    ))  # fmt: skip
    proposed = it("12:16", KATRI, ProposeClosure("advice_sufficed", "Neuvonta riitti.", own.made))
    it("12:17", KATRI, InformClient(proposed.version, "telephone"))
    it("12:18", KATRI, AskExperience("telephone"))
    it("12:20", KATRI, CloseCase())
    it("12:31", it.client, ReportExperience(4, "Sain vastauksen heti."))


def debts(it: Story) -> None:
    """Tell of a client who ends it and confirms that, and disputes how a statement was written down."""
    it.on(30)
    it.opened("13:00", SANNA, "Velkaantuminen, sähkösopimus katkeamassa.", channel="visit")
    said = it("13:30", SANNA, RecordStatement("Asiakas ei halua tehdä maksusuunnitelmaa.", assisted_by="support_person",
                                              present=1))  # fmt: skip
    it.on(28)
    it("20:10", it.client, DisputeStatement(
        said.made, "En sanonut noin. Sanoin, että suunnitelman ehdot olivat liian kireät.",
    ))  # fmt: skip
    it.on(27)
    it("09:00", SANNA, PromiseNextStep("worker", "Pyydän sähköyhtiöltä pidemmän maksuajan.", it.time(25, "16:00")))
    it.on(19)
    own = it("17:45", it.client, RecordStatement("Pääsin velkaneuvojalle. En tarvitse tätä enää.", medium="electronic"))
    it.on(18)
    ended = it("09:15", SANNA, ProposeClosure("client_ended", "Asiakas jatkaa velkaneuvonnassa.", own.made))
    it("19:20", it.client, AnswerAsClient(ended.version, "confirmed", "Näin on sovittu."))
    it.on(17)
    it("08:40", SANNA, CloseCase())


def back_to_work(it: Story) -> None:
    """Tell of a client who owns the case, and keeps owning it when another comes to answer for it."""
    it.on(27)
    it.opened("10:20", HELI, "Paluu työhön vanhempainvapaan jälkeen, lasten hoito ja jaksaminen.", channel="referral",
              first_contact_at=it.time(29, "11:00"))  # fmt: skip
    it("10:25", it.client, ChooseLanguage("sv"))
    it.on(26)
    own = it("10:00", HELI, RecordStatement(
        "Jag vill bestämma takten själv. Först dagvården, sedan jobbet.", language="sv", assisted_by="interpreter",
        present=1,
    ))  # fmt: skip
    it("10:40", HELI, AskWhoOwns("Jag äger mitt ärende, men vill ha någon att ringa."))
    it("16:15", it.client, TakeOwnership("Tämä on minun asiani, ja vien sitä eteenpäin omassa tahdissani."))
    it("16:20", it.client, ConfirmStatement(own.made, language="sv"))
    it.on(20)
    it("13:00", HELI, CompleteAssessment(
        "needs", "guidance_needed", client_view=own.made, triggers=("change_in_life", "many_services"),
        summary="Päivähoitopaikka, työaikajoustot ja vertaistuki; asiakas kokoaa itse.", rests_on=(own.version,),
    ))  # fmt: skip
    it.on(12)
    handoff = it("09:30", HELI, ProposeHandoff(
        held_by(AINO), "Perhepalvelu päättyy; tukena jatkaa aikuissosiaalityö.", client_view=own.made, warm=True,
    ))  # fmt: skip
    it("17:20", it.client, AnswerAsClient(handoff.version, "agreed", "Sopii, jos saan pitää oman tahtini."))
    it.on(10)
    it("10:30", HELI, HoldWarmMeeting(handoff.made, (held_by(HELI), held_by(AINO)), client_present=True))
    it("11:00", AINO, AcceptHandoff(handoff.made))
    it.on(3)
    it("09:00", AINO, PromiseNextStep("client", "Sovin työnantajan kanssa työajasta.", it.time(-4, "16:00")))
    it("21:05", it.client, MakeRequest("meeting", "Tavataanko ennen kuin työt alkavat?"))


def between_three(it: Story) -> None:
    """Tell of a client sent around between three organisations: declined, passed on, and back where it began."""
    kela, work = unit_of(KATRI), unit_of(TIMO)
    it.on(40)
    it.opened("09:00", KATRI, "Toimeentulo ja työkyky: sairauspäiväraha päättynyt, työtön, lausunto kesken.",
              channel="telephone")  # fmt: skip
    own = it("09:20", KATRI, RecordStatement(
        "Joka paikasta sanotaan, että kuulun muualle. Kertokaa, kuka tästä vastaa.", medium="telephone",
    ))  # fmt: skip
    it("17:00", it.client, ConfirmStatement(own.made))
    it.on(38)
    first = it("10:00", KATRI, ProposeHandoff(
        unit_of(MARJA), "Työkyvyn arvio kuuluu sosiaalityöhön.", client_view=own.made, disclosure_basis="statutory",
    ))  # fmt: skip
    it.on(35)
    it("15:10", MARJA, DeclineHandoff(
        first.made, "not_competent", "Työnhakijan työkyvyn tuki on työllisyyspalveluissa.", better_place=work,
    ))  # fmt: skip
    it.on(34)
    second = it("09:40", KATRI, ProposeHandoff(
        work, "Ohjataan hyvinvointialueen ehdotuksesta.", client_view=own.made, disclosure_basis="statutory",
    ))  # fmt: skip
    it.on(32)
    it("12:00", TIMO, AcceptHandoff(second.made))
    it.on(25)
    third = it("14:30", TIMO, ProposeHandoff(
        unit_of(MARJA), "Ei työkykyinen: tarvitsee ensin sosiaalityön.", client_view=own.made,
        disclosure_basis="statutory",
    ))  # fmt: skip
    it("20:45", it.client, RaiseObjection(third.version, "Kukaan ei kysynyt minulta. En halua taas uutta paikkaa."))
    objection = it("20:50", it.client, RaiseObjection(third.version, "Haluan, että joku tulee mukaan tapaamiseen."))
    it.on(23)
    it("10:00", MARJA, AcceptHandoff(third.made, for_unit=True))
    it("16:00", MARJA, AnswerObjection(
        objection.made, "partly_upheld", "Olisi pitänyt kysyä. Timo tulee mukaan ensimmäiseen tapaamiseen.",
        changed=third.version,
    ))  # fmt: skip
    it.on(22)
    it("08:30", MARJA, NameResponsible(held_by(BO), "Bo tuntee työkyvyn palvelut."))
    it.on(18)
    alone = it("15:30", BO, RequestSupport("Kolme palvelua, kolme eri vastausta. Tarvitsen luvan sopia yli rajojen."))
    it.on(17)
    it("09:00", MARJA, GiveSupport("deviation", "Saat kutsua kaikki kolme koolle työajallasi.", alone.version))
    it.on(14)
    fourth = it("11:15", BO, ProposeHandoff(
        kela, "Ensisijainen etuus ratkaistava ennen suunnitelmaa.", client_view=own.made, disclosure_basis="statutory",
    ))  # fmt: skip
    it.on(11)
    it("10:30", KATRI, AcceptHandoff(fourth.made))
    it.on(6)
    it("19:00", it.client, MakeRequest("other_worker", "Haluan yhden ihmisen, joka pysyy."))
    it.on(2)
    it("09:00", KATRI, PromiseNextStep("unit", "Yhteinen tapaaminen kolmen palvelun kesken.", it.time(-6, "13:00")))
    it("09:15", KATRI, HoldJointMeeting((held_by(KATRI), held_by(BO), held_by(TIMO)), client_present=True))
    it("09:30", KATRI, ProposeHandoff(
        held_by(BO), "Bo jatkaa, kun etuus on ratkaistu; vaihto saattaen.", client_view=own.made, warm=True,
        disclosure_basis="statutory",
    ))  # fmt: skip


def guardianship(it: Story) -> None:
    """Tell of a case that is closed for want of need, taken up again when the client comes back, and transferred."""
    it.on(58)
    it.opened("08:50", AINO, "Muistin heikkeneminen, laskut maksamatta.", channel="contact_notice",
              first_contact_at=it.time(60, "14:00"))  # fmt: skip
    it("09:00", AINO, NameRepresentative(REPRESENTATIVE, "guardian"))
    it.on(57)
    told = it("10:30", REPRESENTING, RecordStatement("Hoidan laskut toistaiseksi itse.", medium="electronic"))
    own = it("13:00", AINO, RecordStatement("Kun siskon poika hoitaa laskut, pärjään kotona.", present=1))
    it.on(52)
    line = it("10:00", AINO, AgreeTeamLine(
        (held_by(AINO), held_by(BO)), "Kotona asuminen onnistuu, kun raha-asiat hoitaa edunvalvoja.",
        client_present=False, client_view=own.made,
    ))  # fmt: skip
    it("10:20", BO, RecordDissent(line.made, "Muistin tila olisi pitänyt selvittää ennen linjausta."))
    it.on(50)
    proposed = it("09:00", AINO, ProposeClosure(
        "no_need", "Edunvalvoja hoitaa raha-asiat, muuta tarvetta ei ole.", own.made, rests_on=(told.version,),
    ))  # fmt: skip
    it("09:10", AINO, InformClient(proposed.version, "letter"))
    it.on(30)
    it("14:00", AINO, AskExperience("letter"))
    it("14:05", AINO, CloseCase())
    it.on(9)
    it("11:00", AINO, ReopenCase("client_returned", "Asiakas soitti: lääkkeet loppu, eläke ei riitä.",
                                 arrived_at=it.time(9, "10:20")))  # fmt: skip
    it("11:20", AINO, RecordStatement("En saa eläkkeestä lääkkeitä ostettua.", medium="telephone"))
    it.on(8)
    transfer = it("10:00", AINO, TransferMatter(unit_of(KATRI), "Perustoimeentulotuki kuuluu Kelan ratkaistavaksi."))
    it("10:05", AINO, InformClient(transfer.version, "telephone"))
    it.on(6)
    it("09:25", KATRI, ReceiveTransfer(transfer.made))
    it("09:40", KATRI, PromiseNextStep("worker", "Ratkaisu lääkkeiden osalta kiireellisenä.", it.time(-1, "16:00")))


STORIES: dict[str, Callable[[Story], None]] = {
    tell.__name__: tell for tell in (rent_arrears, housing_allowance, debts, back_to_work, between_three, guardianship)
}

ABOUT = {name: " ".join((tell.__doc__ or "").split()).removeprefix("Tell of ") for name, tell in STORIES.items()}
"""What each case is about."""
