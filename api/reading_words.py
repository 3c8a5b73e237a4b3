"""What the log of reads says, to people: who read what of a case, and why, in Finnish, Swedish and English.

A name stays here for as long as a line of the log has it, which is longer than the operation may be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from domain.authorization import Purpose
from domain.decider import Role
from domain.rules import RULE_LANGUAGES, RuleLanguage, Trilingual

ROLES: Mapping[Role, Trilingual] = {
    Role.WORKER: Trilingual("työntekijä", "arbetstagare", "a worker"),
    Role.MANAGER: Trilingual("esihenkilö", "chef", "a manager"),
    Role.CLIENT: Trilingual("asiakas itse", "klienten själv", "the client"),
    Role.REPRESENTATIVE: Trilingual("asiakkaan edustaja", "klientens företrädare", "the client's representative"),
    Role.AUDITOR: Trilingual("tarkastaja", "granskare", "an auditor"),
    Role.OMBUDSMAN: Trilingual("sosiaaliasiavastaava", "socialombud", "the client ombudsman"),
    Role.ADMINISTRATOR: Trilingual("ylläpitäjä", "administratör", "an administrator"),
    Role.SYSTEM: Trilingual("tietojärjestelmä", "informationssystem", "an information system"),
}
"""In which capacity somebody read."""

HOLDER = Trilingual("joku, jolla on lappusi", "någon som har din lapp", "somebody with your slip")
"""Whoever was told something by a slip's code, in the place of a capacity: nobody knows who it was."""

NOT_TOLD = Trilingual(
    "syytä ei kerrota toistaiseksi", "orsaken meddelas inte tills vidare", "the reason is not told for the time being"
)
"""What stands for the purpose where it is withheld from whoever asks."""

PURPOSES: Mapping[Purpose, Trilingual] = {
    Purpose.OWN: Trilingual("oman asian katsominen", "för att se sitt eget ärende", "to see their own case"),
    Purpose.WORK: Trilingual("työ asiassa", "för arbetet i ärendet", "for the work in the case"),
    Purpose.OFFER: Trilingual(
        "harkinta, otetaanko asia vastaan", "för att överväga om ärendet tas emot",
        "to consider whether to take the case on",
    ),
    Purpose.SUPERVISION: Trilingual(
        "yksikön työn johtaminen ja valvonta", "för ledning och tillsyn av enhetens arbete",
        "to supervise the unit's work",
    ),
    Purpose.EMERGENCY: Trilingual(
        "hätätilanne: hengen tai terveyden vaara", "nödläge: fara för liv eller hälsa",
        "an emergency: life or health in danger",
    ),
    Purpose.ADVICE: Trilingual(
        "asiakkaan neuvonta ja tukeminen", "för att ge klienten råd och stöd", "to advise and support the client"
    ),
    Purpose.AUDIT: Trilingual(
        "tarkastus, johon on annettu lupa", "granskning som det har getts lov till", "an audit that was granted"
    ),
    Purpose.SLIP: Trilingual(
        "lapun koodilla kysyttiin, kuka asiasta vastaa", "det frågades med lappens kod vem som svarar för ärendet",
        "to be told, by the slip's code, who answers for the case",
    ),
    Purpose.UPKEEP: Trilingual("tietojen ylläpito", "för att underhålla uppgifterna", "to keep up the data"),
    Purpose.SYSTEM: Trilingual(
        "toisen tietojärjestelmän työ", "för ett annat informationssystems arbete",
        "for another information system's work",
    ),
}  # fmt: skip
"""Why somebody read."""

WHAT: Mapping[str, Trilingual] = {
    "ReadCase": Trilingual("missä asia on", "var ärendet står", "where the case stands"),
    "ReadCaseHistory": Trilingual(
        "mitä asiassa on tapahtunut", "vad som har hänt i ärendet", "what has happened in the case"
    ),
    "ReadCaseWords": Trilingual("mitä asiassa on sanottu", "vad som har sagts i ärendet", "what was said in the case"),
    "ReadCaseOwner": Trilingual(
        "kuka asian omistaa ja kuka siitä vastaa", "vem som äger ärendet och vem som svarar för det",
        "who owns the case and who answers for it",
    ),
    "ReadCaseHandoffs": Trilingual(
        "miten asia on siirtynyt", "hur ärendet har gått vidare", "how the case was handed over"
    ),
    "ReadCaseVoice": Trilingual(
        "mitä asiakas on sanonut ja päättänyt", "vad klienten har sagt och beslutat",
        "what the client has said and decided",
    ),
    "ReadCaseHeard": Trilingual(
        "onko asiakasta kuultu päätöksissä", "om klienten har hörts i besluten", "whether decisions heard the client"
    ),
    "ReadCaseChanged": Trilingual(
        "mitä asiakkaan sanat muuttivat", "vad klientens ord förändrade", "what the client's words changed"
    ),
    "ReadCasePlan": Trilingual("suunnitelma ja palvelut", "planen och tjänsterna", "the plan and the services"),
    "ReadCaseNextStep": Trilingual("luvattu seuraava askel", "det utlovade nästa steget", "the promised next step"),
    "ReadCaseTeam": Trilingual("tiimi ja sen linjaukset", "teamet och dess linjer", "the team and its lines"),
    "ReadCaseSupport": Trilingual(
        "työntekijöiden tuki", "arbetstagarnas stöd", "the support that the workers asked for"
    ),
    "ReadCaseContinuity": Trilingual(
        "työntekijän pysyvyys", "arbetstagarens kontinuitet", "how lasting the worker has been"
    ),
    "ReadCaseClosure": Trilingual(
        "asian sulkeminen ja sen perusteet", "ärendets avslutande och grunderna för det",
        "the closing of the case and its grounds",
    ),
    "ReadCaseEndings": Trilingual("miten asia on päättynyt", "hur ärendet har slutat", "how the case ended"),
    "ReadCaseFindings": Trilingual(
        "havainnot asian käsittelystä", "iakttagelser om ärendets handläggning",
        "findings about how the case was handled",
    ),
    "ReadCaseAlerts": Trilingual(
        "mistä esihenkilölle on ilmoitettu", "vad chefen har underrättats om", "what the manager was told of"
    ),
    "ReadCaseScreening": Trilingual("arvioinnit", "bedömningarna", "the assessments"),
    "ReadCaseStanding": Trilingual(
        "asian tilanne yhdellä rivillä", "ärendets läge på en rad", "the state of the case in one line"
    ),
    "ReadCasePlacements": Trilingual(
        "missä yksiköissä asia on ollut", "i vilka enheter ärendet har varit", "in which units the case has been"
    ),
    "ReadCaseWithheld": Trilingual(
        "mitä asiassa on salattu ja keneltä", "vad som hemlighålls i ärendet och för vem",
        "what is withheld in the case, and from whom",
    ),
    "ReadCaseTerms": Trilingual("asian määräajat", "ärendets tidsfrister", "the time limits of the case"),
    "ReadCaseImported": Trilingual(
        "mitä toisesta järjestelmästä on tuotu", "vad som har förts in från ett annat system",
        "what came in from another system",
    ),
    "ReadCaseReach": Trilingual(
        "kuka asiasta vastaa ja miten hänet tavoittaa", "vem som svarar för ärendet och hur man når dem",
        "who answers for the case, and how to reach them",
    ),
    "MakeSlip": Trilingual("asiasta tehty lappu", "en lapp om ärendet", "a slip that was made of the case"),
    "RevokeSlip": Trilingual("mitkä laput ovat voimassa", "vilka lappar som gäller", "which slips still count"),
    "ReadCaseSlips": Trilingual(
        "mitä lappuja asiasta on tehty", "vilka lappar som har gjorts om ärendet", "which slips were made of the case"
    ),
    "ReadSlip": Trilingual(
        "mitä lappu kertoo: kuka vastaa nyt ja mitä on luvattu", "det som lappen berättar: vem som svarar nu och vad "
        "som har lovats", "what a slip tells: who answers now and what is promised",
    ),
    "DeskSlips": Trilingual(
        "asian laput työpöydällä", "ärendets lappar på arbetsbordet", "the case's slips at the desk"
    ),
    "OwnSlips": Trilingual(
        "asian laput asiakkaan sivulla", "ärendets lappar på klientens sida", "the case's slips on the client's page"
    ),
    "ReadCaseReads": Trilingual("kuka asiaa on lukenut", "vem som har läst ärendet", "who has read the case"),
    "ReadCaseBundle": Trilingual(
        "asian koko historia todisteineen", "ärendets hela historia med bevis", "the whole history with its proofs"
    ),
    "ListReads": Trilingual("kuka asioita on lukenut", "vem som har läst ärenden", "who has read cases"),
    "ListReadsOfClient": Trilingual(
        "kuka asiakkaan asioita on lukenut", "vem som har läst klientens ärenden", "who has read the client's cases"
    ),
    "FollowFeed": Trilingual(
        "mitä asioissa tapahtuu, ilman sanoja", "vad som händer i ärendena, utan ord",
        "what happens in the cases, without words",
    ),
    "ListCases": Trilingual("luettelo asioista", "en förteckning över ärenden", "a list of cases"),
    "ListCasesOfClient": Trilingual("asiakkaan asiat", "klientens ärenden", "the client's cases"),
    "ListFindings": Trilingual("luettelo havainnoista", "en förteckning över iakttagelser", "a list of findings"),
    "ListAlerts": Trilingual(
        "luettelo esihenkilön ilmoituksista", "en förteckning över underrättelser till chefen",
        "a list of what managers were told of",
    ),
    "ListWaiting": Trilingual(
        "luettelo siitä, mikä odottaa", "en förteckning över vad som väntar", "a list of what waits"
    ),
    "ListAskings": Trilingual(
        "mitä asioita työntekijä on itse pyytänyt", "vilka ärenden arbetstagaren själv har bett om",
        "which cases the worker has asked for",
    ),
    "ReadCaseAskings": Trilingual(
        "ketkä ovat pyytäneet asiaa itselleen", "vilka som har bett att få ärendet", "who has asked for the case"
    ),
    "OwnCases": Trilingual("omien asioiden luettelo", "förteckningen över egna ärenden", "the list of one's own cases"),
    "OwnCase": Trilingual("asia asiakkaan sivulla", "ärendet på klientens sida", "the case on the client's page"),
    "OwnReads": Trilingual(
        "kuka asiaa on lukenut, asiakkaan sivulla", "vem som har läst ärendet, på klientens sida",
        "who has read the case, on the client's page",
    ),
    "OwnHistory": Trilingual(
        "asian tapahtumat asiakkaan sivulla", "ärendets händelser på klientens sida",
        "what has happened, on the client's page",
    ),
    "OwnFile": Trilingual(
        "ohje asian lataamisesta tiedostona", "anvisningen om ärendet som fil", "how to take the case home as a file"
    ),
    "ReadReferralMemory": Trilingual(
        "mihin vastaavia asioita on otettu", "var liknande ärenden har tagits emot", "where such cases were taken on"
    ),
    "AuditSearch": Trilingual(
        "tarkastajan hakemat asiat", "ärenden som granskaren sökte", "cases that an auditor sought"
    ),
    "DeskUnit": Trilingual(
        "yksikön asiat ja se, mikä odottaa", "enhetens ärenden och vad som väntar", "a unit's cases and what waits"
    ),
    "ActOnCase": Trilingual(
        "mitä asiassa on, toimen kirjaamista varten", "vad som finns i ärendet, för att göra en anteckning",
        "what is in the case, to record an act",
    ),
    "DeskCases": Trilingual(
        "työntekijän luettelo omista asioistaan", "arbetstagarens förteckning över sina ärenden",
        "a worker's list of their cases",
    ),
    "DeskOffers": Trilingual(
        "mitä asioita työntekijälle tarjotaan", "vilka ärenden som erbjuds arbetstagaren",
        "which cases are offered to a worker",
    ),
    "DeskAsked": Trilingual(
        "mitä asioita työntekijät ovat pyytäneet itselleen", "vilka ärenden arbetstagare har bett om",
        "which cases workers have asked for",
    ),
    "AuditReplay": Trilingual(
        "asian kulku tarkastajan näkymässä", "ärendets gång i granskarens vy", "the replay of the case"
    ),
    "AuditVerified": Trilingual("asian todisteet", "bevisen för ärendet", "the proofs of the case"),
    "AuditFlows": Trilingual(
        "asioiden kulku organisaatioiden välillä", "hur ärenden går mellan organisationer",
        "how cases flow between organisations",
    ),
    "DeskCase": Trilingual("asia työpöydällä", "ärendet på arbetsbordet", "the case at the desk"),
    "Replay": Trilingual("asian koko historia", "ärendets hela historia", "the whole history of the case"),
}  # fmt: skip
"""What somebody read, by the operation."""


def told(what: str, language: RuleLanguage) -> str:
    """Return what an operation reads."""
    return WHAT[what].to(language) if what in WHAT else what


def language(accepted: str | None, chosen: str | None = None) -> RuleLanguage:
    """Return in which language to tell somebody, by their header Accept-Language (RFC 9110, 12.5.4).

    Where it names none that there is, in the one that they have chosen, or in Finnish.
    """
    weighed = sorted(_weighed(accepted or ""), key=lambda it: -it[0])
    return next((it for _, name in weighed for it in RULE_LANGUAGES if it == name), _own(chosen))


def _own(chosen: str | None) -> RuleLanguage:
    return next((it for it in RULE_LANGUAGES if it == chosen), "fi")


def _weighed(accepted: str) -> Iterator[tuple[float, str]]:
    """Yield the languages that are accepted, without their regions, each with its weight."""
    for name, weight in _RANGE.findall(accepted):
        if float(weight or 1) > 0:
            yield float(weight or 1), name.lower()


_RANGE = re.compile(r"(?:^|,)\s*([A-Za-z]{2,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*(?=,|$)")
