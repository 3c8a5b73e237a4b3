"""What has happened in a case, to people: every event of a case by its topic, in Finnish, Swedish and English.

A topic is never renamed and no event ever goes, so what stands here stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.rules import Trilingual

EVENTS: Mapping[str, Trilingual] = {
    "activity-imported": Trilingual(
        "tapahtuma tuotiin toisesta järjestelmästä", "en händelse fördes in från ett annat system",
        "an activity came in from another system",
    ),
    "assessment-completed": Trilingual("arviointi valmistui", "bedömningen blev klar", "an assessment was completed"),
    "assessment-started": Trilingual("arviointi aloitettiin", "en bedömning inleddes", "an assessment began"),
    "case-closed": Trilingual("asia suljettiin", "ärendet avslutades", "the case was closed"),
    "case-opened": Trilingual("asia avattiin", "ärendet öppnades", "the case was opened"),
    "case-reopened": Trilingual("asia avattiin uudelleen", "ärendet öppnades på nytt", "the case was reopened"),
    "client-answered": Trilingual(
        "asiakas vastasi siihen, mitä asiassa on", "klienten svarade på något som står i ärendet",
        "the client answered to something in the case",
    ),
    "client-asked-who-owns": Trilingual(
        "asiakkaalta kysyttiin, kuka asian omistaa", "klienten tillfrågades om vem som ska äga ärendet",
        "the client was asked who should own the case",
    ),
    "client-informed": Trilingual(
        "asiakkaalle kerrottiin tai kirjattiin, miksi ei", "klienten underrättades, eller det skrevs varför inte",
        "the client was informed, or why not",
    ),
    "client-returned-ownership": Trilingual(
        "asiakas antoi omistajuuden takaisin", "klienten gav tillbaka ägarskapet",
        "the client gave the ownership back",
    ),
    "client-took-ownership": Trilingual(
        "asiakas otti asian omistajuuden", "klienten tog över ägarskapet", "the client took the ownership"
    ),
    "closure-proposed": Trilingual(
        "asian sulkemista ehdotettiin", "det föreslogs att ärendet avslutas", "closing the case was proposed"
    ),
    "closure-withdrawn": Trilingual(
        "sulkemisehdotus peruttiin", "förslaget att avsluta togs tillbaka", "the proposal to close was withdrawn"
    ),
    "consent-given": Trilingual("asiakas antoi suostumuksen", "klienten gav sitt samtycke", "the client gave consent"),
    "consent-withdrawn": Trilingual(
        "suostumus päättyi", "samtycket upphörde", "a consent was withdrawn or lapsed"
    ),
    "contact-attempted": Trilingual(
        "asiakasta yritettiin tavoittaa", "man försökte nå klienten", "somebody tried to reach the client"
    ),
    "contact-made": Trilingual("asiakas tavoitettiin", "klienten nåddes", "the client was reached"),
    "contact-received": Trilingual(
        "toinen organisaatio otti yhteyttä", "en annan organisation tog kontakt", "another organisation got in touch"
    ),
    "decision-referenced": Trilingual(
        "asiakasta koskeva päätös tehtiin muualla", "ett beslut om klienten fattades på annat håll",
        "a decision about the client was made elsewhere",
    ),
    "disclosure-allowed": Trilingual(
        "salattu merkintä sallittiin kertoa", "en hemlig anteckning fick berättas",
        "a withheld entry may be told again",
    ),
    "disclosure-forbidden": Trilingual(
        "merkintä kiellettiin kertomasta", "en anteckning får inte berättas", "an entry was withheld"
    ),
    "dissent-recorded": Trilingual(
        "tiimin jäsen jätti eriävän mielipiteen", "en medlem av teamet anmälde avvikande åsikt",
        "a member of the team dissented",
    ),
    "emergency-access-ended": Trilingual(
        "hätätilanteen lukuoikeus päättyi", "läsrätten i nödläge upphörde", "an emergency access ended"
    ),
    "emergency-access-granted": Trilingual(
        "asiaa alettiin lukea hätätilanteessa", "ärendet öppnades för läsning i ett nödläge",
        "somebody took access in an emergency",
    ),
    "entry-hidden": Trilingual(
        "merkintä piilotettiin toisen henkilön tietona", "en anteckning doldes som en annan persons",
        "an entry was hidden as another person's",
    ),
    "entry-marked-erroneous": Trilingual(
        "merkintä merkittiin virheelliseksi", "en anteckning märktes som felaktig", "an entry was marked erroneous"
    ),
    "entry-shown-again": Trilingual(
        "piilotettu merkintä palautettiin näkyviin", "en dold anteckning visas igen", "a hidden entry is shown again"
    ),
    "erasure-proposed": Trilingual(
        "asian sanojen hävittämistä ehdotettiin", "det föreslogs att orden i ärendet förstörs",
        "destroying the words of the case was proposed",
    ),
    "erasure-withdrawn": Trilingual(
        "hävittämisehdotus peruttiin", "förslaget att förstöra orden togs tillbaka",
        "the proposal to destroy the words was withdrawn",
    ),
    "experience-asked": Trilingual(
        "asiakkaan kokemusta palvelusta kysyttiin", "klienten tillfrågades om sin upplevelse",
        "the client was asked how the service felt",
    ),
    "experience-reported": Trilingual(
        "asiakas kertoi kokemuksensa palvelusta", "klienten berättade om sin upplevelse",
        "the client told how the service felt",
    ),
    "goal-closed": Trilingual("tavoite päätettiin", "ett mål avslutades", "a goal was closed"),
    "goal-revised": Trilingual("tavoitetta muutettiin", "ett mål ändrades", "a goal was put into other words"),
    "goal-set": Trilingual("tavoite asetettiin", "ett mål sattes", "a goal was set"),
    "handoff-acceptance-reported": Trilingual(
        "kerrottiin, että siirto on hyväksytty muualla", "det meddelades att överföringen godtagits på annat håll",
        "it was said that the handoff was accepted elsewhere",
    ),
    "handoff-accepted": Trilingual(
        "vastuu asiasta otettiin vastaan", "ansvaret för ärendet togs emot", "the case was taken on"
    ),
    "handoff-declined": Trilingual(
        "tarjottua vastuuta ei otettu vastaan", "det erbjudna ansvaret togs inte emot", "a handoff was declined"
    ),
    "handoff-expired": Trilingual(
        "tarjous raukesi ilman vastausta", "erbjudandet förföll utan svar", "a handoff expired unanswered"
    ),
    "handoff-proposed": Trilingual(
        "vastuuta asiasta tarjottiin toiselle", "ansvaret för ärendet erbjöds någon annan",
        "the case was offered to another",
    ),
    "handoff-request-declined": Trilingual(
        "asiaa pyytäneelle vastattiin kieltävästi", "den som bad om ärendet fick avslag",
        "somebody who asked for the case was refused it",
    ),
    "handoff-requested": Trilingual(
        "työntekijä pyysi asiaa itselleen", "en arbetstagare bad om ärendet", "a worker asked for the case"
    ),
    "handoff-withdrawn": Trilingual("tarjous peruttiin", "erbjudandet togs tillbaka", "a handoff was withdrawn"),
    "joint-meeting-held": Trilingual(
        "pidettiin yhteinen tapaaminen", "ett gemensamt möte hölls", "a joint meeting was held"
    ),
    "manager-alerted": Trilingual(
        "esihenkilölle ilmoitettiin", "chefen underrättades", "the manager was told of something that waits"
    ),
    "matter-transferred": Trilingual(
        "asia siirrettiin toimivaltaiselle viranomaiselle", "ärendet överfördes till den behöriga myndigheten",
        "the matter was transferred to the competent authority",
    ),
    "next-step-promised": Trilingual(
        "seuraava askel luvattiin", "nästa steg utlovades", "the next step was promised"
    ),
    "objection-answered": Trilingual(
        "vastalauseeseen vastattiin", "invändningen besvarades", "an objection was answered"
    ),
    "objection-lapsed": Trilingual("vastalause raukesi", "invändningen förföll", "an objection lapsed"),
    "objection-raised": Trilingual(
        "asiakas esitti vastalauseen", "klienten gjorde en invändning", "the client objected"
    ),
    "objection-withdrawn": Trilingual(
        "vastalause peruttiin", "invändningen togs tillbaka", "an objection was withdrawn"
    ),
    "override-reviewed": Trilingual(
        "säännöstä poikkeaminen tarkistettiin", "avvikelsen från regeln granskades", "an override was reviewed"
    ),
    "owner-chosen": Trilingual(
        "asiakas valitsi asian omistajan", "klienten valde vem som äger ärendet", "the client chose who owns the case"
    ),
    "personal-data-erased": Trilingual(
        "asian kaikki sanat hävitettiin", "alla ord i ärendet förstördes", "all words of the case were destroyed"
    ),
    "plan-agreed": Trilingual("suunnitelma tehtiin", "en plan gjordes upp", "a plan was made"),
    "request-answered": Trilingual(
        "asiakkaan pyyntöön vastattiin", "klientens begäran besvarades", "the client's request was answered"
    ),
    "request-made": Trilingual("asiakas pyysi jotakin", "klienten bad om något", "the client asked for something"),
    "responsibility-fell-to-unit": Trilingual(
        "vastuu siirtyi yksikölle", "ansvaret övergick till enheten", "the responsibility fell to the unit"
    ),
    "responsible-named": Trilingual(
        "vastuutyöntekijä nimettiin", "en ansvarig arbetstagare utsågs", "the responsible worker was named"
    ),
    "retention-held": Trilingual(
        "sanojen säilyttämistä jatkettiin", "orden bevaras längre", "the words are kept for longer"
    ),
    "retention-released": Trilingual(
        "sanojen säilyttämisen jatkaminen päättyi", "orden bevaras inte längre än vanligt",
        "the words are no longer kept for longer",
    ),
    "rule-overridden": Trilingual(
        "esihenkilö poikkesi säännöstä", "chefen avvek från en regel", "a manager set a rule aside"
    ),
    "service-declined": Trilingual(
        "asiakas ei halunnut palvelua", "klienten ville inte ha tjänsten", "the client declined a service"
    ),
    "service-ended": Trilingual("palvelu päätettiin", "tjänsten avslutades", "a service ended"),
    "service-started": Trilingual("palvelu alkoi", "en tjänst inleddes", "a service began"),
    "statement-confirmed": Trilingual(
        "asiakas vahvisti, että sanat on kirjattu oikein", "klienten bekräftade att orden antecknats rätt",
        "the client confirmed how the words were written down",
    ),
    "statement-disputed": Trilingual(
        "asiakas kiisti, että sanat on kirjattu oikein", "klienten bestred att orden antecknats rätt",
        "the client disputed how the words were written down",
    ),
    "statement-recorded": Trilingual("sanat kirjattiin", "orden antecknades", "words were written down"),
    "support-given": Trilingual(
        "esihenkilö antoi työntekijälle tukea", "chefen gav arbetstagaren stöd", "a manager gave a worker support"
    ),
    "support-requested": Trilingual(
        "työntekijä pyysi tukea", "en arbetstagare bad om stöd", "a worker asked for support"
    ),
    "task-stated": Trilingual(
        "palvelutehtävä kirjattiin", "serviceuppgiften antecknades", "the service task was stated"
    ),
    "team-line-agreed": Trilingual("tiimi sopi linjauksen", "teamet enades om en linje", "a team agreed on a line"),
    "team-self-reviewed": Trilingual(
        "tiimi arvioi omaa työtään", "teamet granskade sitt eget arbete", "the team looked back on its own work"
    ),
    "transfer-contested": Trilingual(
        "viranomainen kiisti toimivaltansa", "myndigheten bestred sin behörighet",
        "the authority contested the transfer",
    ),
    "transfer-received": Trilingual(
        "toimivaltainen viranomainen otti asian vastaan", "den behöriga myndigheten tog emot ärendet",
        "the competent authority received the matter",
    ),
    "view-unavailable": Trilingual(
        "kirjattiin, miksi asiakkaan näkemystä ei ole", "det antecknades varför klientens syn saknas",
        "why there is no view of the client's",
    ),
    "warm-meeting-held": Trilingual(
        "siirto tehtiin saattaen, yhteisessä tapaamisessa", "överföringen skedde vid ett gemensamt möte",
        "a warm meeting was held for the handoff",
    ),
    "words-destroyed": Trilingual(
        "merkinnän sanat hävitettiin", "orden i en anteckning förstördes", "the words of an entry were destroyed"
    ),
}  # fmt: skip
"""What happened, by the event's topic."""
