"""Every rule in one place: its number, what it does to who breaks it, its reason and its source, in three languages.

The texts name thresholds in braces, since a rule has no numbers of its own: `Rule.under` puts in the policy's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from domain.decider import Value
from domain.policy import Policy, Threshold

Level = Literal["refuse", "override", "finding"]
"""What a rule does: it refuses; it refuses unless a manager sets it aside; or it is shown to those who look."""

RuleLanguage = Literal["fi", "sv", "en"]
"""Finnish, Swedish or English."""

RULE_LANGUAGES: tuple[RuleLanguage, ...] = get_args(RuleLanguage)


class Trilingual(Value):
    """The same in Finnish, Swedish and English."""

    fi: str
    sv: str
    en: str

    def to(self, language: RuleLanguage) -> str:
        """Return it in one of them."""
        return {"fi": self.fi, "sv": self.sv, "en": self.en}[language]

    def under(self, policy: Policy) -> Trilingual:
        """Return it with the policy's numbers in the place of the thresholds' names."""
        return Trilingual(*(self.to(it).format_map(vars(policy)) for it in RULE_LANGUAGES))


LEVELS: Mapping[Level, Trilingual] = {
    "refuse": Trilingual("estetään", "förhindras", "refused"),
    "override": Trilingual("poikkeaminen", "avvikelse", "override"),
    "finding": Trilingual("havainto", "iakttagelse", "finding"),
}
"""What the levels are called."""


class Rule(Value):
    """A rule. `says` and `because` are the rule and its reason, `source` is where it comes from."""

    number: int
    levels: tuple[Level, ...]
    thresholds: tuple[Threshold, ...]
    source: Trilingual
    says: Trilingual
    because: Trilingual

    def under(self, policy: Policy) -> Rule:
        """Return the rule as it reads under a policy."""
        return self.but(says=self.says.under(policy))


def law(law: Trilingual, *sections: str) -> Trilingual:
    """Cite a law, and its sections where it is they that say it."""
    in_finland = "".join(f", {it} §" for it in sections)
    elsewhere = "".join(f", section {it}" for it in sections)
    return Trilingual(law.fi + in_finland, law.sv + in_finland, law.en + elsewhere)


def gdpr(*articles: str) -> Trilingual:
    """Cite the General Data Protection Regulation."""
    return Trilingual(
        "Yleinen tietosuoja-asetus (EU) 2016/679" + "".join(f", {it} artikla" for it in articles),
        "Allmänna dataskyddsförordningen (EU) 2016/679" + "".join(f", artikel {it}" for it in articles),
        "General Data Protection Regulation (EU) 2016/679" + "".join(f", Article {it}" for it in articles),
    )


def standard(name: str) -> Trilingual:
    """Cite a standard, which goes by the same name everywhere."""
    return Trilingual(name, name, name)


def from_(*sources: Trilingual) -> Trilingual:
    """Return several sources as one."""
    return Trilingual(*("; ".join(it.to(language) for it in sources) for language in RULE_LANGUAGES))


SEED = Trilingual(
    "Tutkimus asiakasohjauksesta Kelan ja kuntien välillä ja kolumni ”Kuka palveluohjauksen omistaa?”",
    "Studien om klienthandledning mellan FPA och kommunerna och kolumnen ”Kuka palveluohjauksen omistaa?”",
    "The study of client guidance between Kela and the municipalities, and the column "
    "“Kuka palveluohjauksen omistaa?” (Who owns case management?)",
)
HL = Trilingual("Hallintolaki 434/2003", "Förvaltningslagen 434/2003", "Administrative Procedure Act 434/2003")
SHL = Trilingual("Sosiaalihuoltolaki 1301/2014", "Socialvårdslagen 1301/2014", "Social Welfare Act 1301/2014")
CLIENT_ACT = Trilingual(
    "Laki sosiaalihuollon asiakkaan asemasta ja oikeuksista 812/2000",
    "Lagen om klientens ställning och rättigheter inom socialvården 812/2000",
    "Act on the Status and Rights of Social Welfare Clients 812/2000",
)
CLIENT_DATA_ACT = Trilingual(
    "Laki sosiaali- ja terveydenhuollon asiakastietojen käsittelystä 703/2023",
    "Lagen om behandling av kunduppgifter inom social- och hälsovården 703/2023",
    "Act on the Processing of Client Data in Healthcare and Social Welfare 703/2023",
)
OPENNESS_ACT = Trilingual(
    "Laki viranomaisten toiminnan julkisuudesta 621/1999",
    "Lagen om offentlighet i myndigheternas verksamhet 621/1999",
    "Act on the Openness of Government Activities 621/1999",
)
ELECTRONIC_ACT = Trilingual(
    "Laki sähköisestä asioinnista viranomaistoiminnassa 13/2003",
    "Lagen om elektronisk kommunikation i myndigheternas verksamhet 13/2003",
    "Act on Electronic Services and Communication in the Public Sector 13/2003",
)
TERMS_ACT = Trilingual(
    "Laki säädettyjen määräaikain laskemisesta 150/1930",
    "Lagen om beräknande av laga tid 150/1930",
    "Act on the Calculation of Statutory Time Limits 150/1930",
)
CHILD_WELFARE_ACT = Trilingual("Lastensuojelulaki 417/2007", "Barnskyddslagen 417/2007", "Child Welfare Act 417/2007")
GUARDIANSHIP_ACT = Trilingual(
    "Laki holhoustoimesta 442/1999", "Lagen om förmyndarverksamhet 442/1999", "Guardianship Services Act 442/1999"
)
CUSTODY_ACT = Trilingual(
    "Laki lapsen huollosta ja tapaamisoikeudesta 361/1983",
    "Lagen angående vårdnad om barn och umgängesrätt 361/1983",
    "Act on Child Custody and Right of Access 361/1983",
)
POPULATION_ACT = Trilingual(
    "Laki väestötietojärjestelmästä ja Digi- ja väestötietoviraston varmennepalveluista 661/2009",
    "Lagen om befolkningsdatasystemet och de certifikattjänster som tillhandahålls av Myndigheten för digitalisering "
    "och befolkningsdata 661/2009",
    "Act on the Population Information System and the Certificate Services of the Digital and Population Data "
    "Services Agency 661/2009",
)

_ALL = (
    Rule(
        1, ("refuse",), ("name_working_days",), from_(SEED, law(SHL, "42")),
        Trilingual(
            "Avoimella asialla on aina täsmälleen yksi omistaja ja yksi vastuutaho: työntekijä, tai yksikkö, jonka on "
            "nimettävä työntekijä {name_working_days} arkipäivän kuluessa.",
            "Ett öppet ärende har alltid exakt en ägare och en ansvarig: en arbetstagare, eller en enhet som ska utse "
            "en arbetstagare inom {name_working_days} vardagar.",
            "An open case has exactly one owner and one responsible holder: a worker, or a unit that names a worker "
            "within {name_working_days} working days.",
        ),
        Trilingual(
            "Palvelut ovat jääneet ei-kenenkään vastuulle, eikä kukaan kokoa niitä yhteen. Asia etenee, kun joku "
            "vastaa siitä.",
            "Servicen har blivit ingens ansvar, och ingen samordnar den. Ett ärende går framåt när någon svarar för "
            "det.",
            "The services have been made nobody's responsibility, and nobody coordinates them. A matter moves on when "
            "somebody answers for it.",
        ),
    ),
    Rule(
        2, ("refuse",), (), from_(SEED, law(HL, "10")),
        Trilingual(
            "Vain se, jolle asiaa tarjotaan, voi ottaa sen vastaan. Siihen asti asiasta vastaa lähettäjä.",
            "Bara den som ärendet erbjuds kan ta emot det. Till dess svarar avsändaren för ärendet.",
            "Only the one to whom a case is offered accepts it. Until then the sender answers for it.",
        ),
        Trilingual(
            "Vaihto tehdään saattaen: entinen työntekijä vastaa, kunnes uusi on ottanut asian omakseen, eikä asiakas "
            "putoa väliin.",
            "Klienten följs över: den tidigare arbetstagaren svarar tills den nya har tagit sig an ärendet, och "
            "klienten faller inte mellan två stolar.",
            "A handoff is guided: the old worker answers until the new one has taken the case on, and the client does "
            "not fall between the two.",
        ),
    ),
    Rule(
        3, ("refuse",), (), from_(SEED, standard("RFC 9110, 13.1.1")),
        Trilingual(
            "Asialla on kerrallaan enintään yksi avoin vaihto. Jos se yhtä aikaa hyväksytään, perutaan ja raukeaa, "
            "vain yksi näistä jää voimaan.",
            "Ett ärende har högst ett öppet byte åt gången. Om det samtidigt godkänns, återtas och förfaller gäller "
            "bara ett av dessa.",
            "A case has one handoff waiting at most. Where it is accepted, withdrawn and expires at once, one of them "
            "stands.",
        ),
        Trilingual(
            "Kahdelle yhtä aikaa tarjotulla asialla olisi kaksi ottajaa tai ei yhtään, eikä kukaan osaisi sanoa, kuka "
            "siitä vastaa.",
            "Ett ärende som erbjuds två på en gång får två mottagare eller ingen, och ingen kan säga vem som svarar "
            "för det.",
            "A case that is offered to two at once has two takers or none, and nobody could say who answers for it.",
        ),
    ),
    Rule(
        4, ("refuse",), ("respond_working_days",), from_(SEED, law(HL, "23")),
        Trilingual(
            "Vaikeneminen ei siirrä omistajuutta. Vaihto, johon ei vastata {respond_working_days} arkipäivän "
            "kuluessa, raukeaa ja menee yksikön esihenkilölle.",
            "Tystnad flyttar inte ägarskapet. Ett byte som inte besvaras inom {respond_working_days} vardagar "
            "förfaller och går till enhetens chef.",
            "Silence never moves ownership. A handoff that nobody answers within {respond_working_days} working days "
            "expires and goes to the unit's manager.",
        ),
        Trilingual(
            "Palveluohjaus toimii, kun työntekijä ottaa asian omakseen. Vastaamatta jättäminen ei ole ottamista.",
            "Servicehandledningen fungerar när en arbetstagare tar sig an ärendet. Att låta bli att svara är inte det.",
            "Case management works when a worker takes the matter on. Not to answer is not to take it on.",
        ),
    ),
    Rule(
        5, ("refuse",), (), from_(SEED, law(HL, "21")),
        Trilingual(
            "Toimivaltaiselle viranomaiselle siirretty asia otetaan vastaan tai riitautetaan perustellen; sitä ei voi "
            "torjua. Siirrosta ilmoitetaan asiakkaalle.",
            "Ett ärende som överförs till den behöriga myndigheten tas emot eller bestrids med motivering; det kan "
            "inte avböjas. Klienten underrättas om överföringen.",
            "A matter sent to the competent authority is received, or contested with reasons; it is not declined. The "
            "client is informed of the transfer.",
        ),
        Trilingual(
            "Ihmisiä ohjataan väärin Kelasta kuntaan ja kunnasta Kelaan, koska toisen työtä ei tunneta. Virhe "
            "korjataan viranomaisten kesken, ei asiakasta juoksuttamalla.",
            "Människor hänvisas fel från FPA till kommunen och från kommunen till FPA, för man känner inte till "
            "varandras arbete. Felet rättas mellan myndigheterna, inte genom att låta klienten springa.",
            "People are misdirected from Kela to the municipality and back, since workers do not know each other's "
            "work. Authorities set that right between themselves, not by sending the client round.",
        ),
    ),
    Rule(
        6, ("refuse",), (), from_(SEED, law(HL, "23"), law(SHL, "36")),
        Trilingual(
            "Asiakkaan odotus lasketaan ensimmäisestä yhteydenotosta, eikä vaihto aloita sitä alusta.",
            "Klientens väntan räknas från den första kontakten, och ett byte börjar inte om den.",
            "The client's wait runs from the first contact, and no handoff resets it.",
        ),
        Trilingual(
            "Asiakas on odottanut yhtä kauan, olipa asia kulkenut kuinka monen käden kautta tahansa.",
            "Klienten har väntat lika länge, hur många händer ärendet än har gått genom.",
            "The client has waited just as long, however many hands the case has been through.",
        ),
    ),
    Rule(
        7, ("override",), (), from_(law(OPENNESS_ACT, "26"), law(CLIENT_DATA_ACT), gdpr("6", "9")),
        Trilingual(
            "Tietojen luovuttaminen toiseen organisaatioon edellyttää asiakkaan suostumusta tai kirjattua "
            "lakisääteistä perustetta.",
            "Att lämna ut uppgifter till en annan organisation förutsätter klientens samtycke eller en antecknad "
            "lagstadgad grund.",
            "Disclosure to another organisation needs the client's consent or a stated legal exception.",
        ),
        Trilingual(
            "Yhteistä tietojärjestelmää ei ole, ja tietojen pitää silti kulkea asiakkaan tueksi. Asiakkaan asiat ovat "
            "hänen omiaan, joten luovutukselle on peruste.",
            "Något gemensamt informationssystem finns inte, och ändå ska uppgifterna nå fram till stöd för klienten. "
            "Klientens angelägenheter är klientens egna, så det finns en grund för utlämnandet.",
            "There is no shared information system, and yet what helps the client has to get across. The client's "
            "affairs are the client's own, so there is a basis for telling them.",
        ),
    ),
    Rule(
        8, ("finding",), (), from_(SEED, law(SHL, "3")),
        Trilingual(
            "Asiakas, jota on jo kerran pompoteltu tai joka tarvitsee erityistä tukea, vaihtaa vastuutahoa saattaen.",
            "En klient som redan har bollats en gång, eller som behöver särskilt stöd, följs över till den nya "
            "ansvariga.",
            "A client who was bounced once, or needs special support, gets a warm handoff.",
        ),
        Trilingual(
            "Voimansa menettänyt ei jaksa selittää kaikkea alusta uudelle ihmiselle. Saattaen vaihdettaessa asiakas "
            "tapaa uuden työntekijän entisen rinnalla.",
            "Den vars krafter är slut orkar inte förklara allt från början för en ny människa. När klienten följs över "
            "träffar klienten den nya arbetstagaren tillsammans med den tidigare.",
            "Those at the end of their strength cannot explain it all again to somebody new. In a warm handoff the "
            "client meets the new worker beside the old one.",
        ),
    ),
    Rule(
        9, ("override",), ("bounces", "bounce_days"), from_(SEED, law(HL, "10"), law(SHL, "41")),
        Trilingual(
            "Kun asia on torjuttu tai palautettu {bounces} kertaa {bounce_days} päivän sisällä, tai kun se on kulkenut "
            "A–B–A ilman palvelua välissä, seuraava vaihto edellyttää yhteistä tapaamista asiakkaan kanssa. "
            "Lakisääteinen siirto toimivaltaiselle viranomaiselle ei odota sitä.",
            "När ett ärende har avböjts eller återlämnats {bounces} gånger inom {bounce_days} dagar, eller gått A–B–A "
            "utan service däremellan, förutsätter nästa byte ett gemensamt möte med klienten. En lagstadgad "
            "överföring till den behöriga myndigheten väntar inte på det.",
            "After {bounces} declines or returns within {bounce_days} days, or A→B→A with no service between, the next "
            "move needs a joint meeting with the client. A transfer to the competent authority, which is a duty, does "
            "not wait for it.",
        ),
        Trilingual(
            "Pompottelu loppuu, kun ne, jotka lähettävät asiakasta toisilleen, istuvat saman pöydän ääreen hänen "
            "kanssaan.",
            "Bollandet tar slut när de som skickar klienten till varandra sätter sig vid samma bord med klienten.",
            "Clients stop being bounced from place to place when those who send them sit down at one table with them.",
        ),
    ),
    Rule(
        10, ("override",), (), from_(SEED, law(SHL, "41"), law(CLIENT_ACT, "8")),
        Trilingual(
            "Tiimin linjaus perustuu asiakkaan näkemykseen tai kirjattuun syyhyn, miksi sitä ei ole.",
            "Teamets linje grundar sig på klientens syn, eller på en antecknad orsak till att den saknas.",
            "A team line rests on the client's view, or on a stated reason why there is none.",
        ),
        Trilingual(
            "Moniammatillinen tiimi voi hukuttaa asiakkaan äänen: kun pöydässä on monta asiantuntijaa, asiakas on "
            "helppo ohittaa.",
            "Ett multiprofessionellt team kan dränka klientens röst: med många experter vid bordet är klienten lätt "
            "att förbigå.",
            "A multi-professional team can drown the client's voice: with many experts at the table, the client is "
            "easily passed over.",
        ),
    ),
    Rule(
        11, ("refuse",), (), from_(SEED, law(CLIENT_ACT, "8"), law(HL, "42"), gdpr("16")),
        Trilingual(
            "Henkilöstö ei muuta asiakkaan omia sanoja. Riitautettu kirjaus ei käy asiakkaan näkemyksestä. Asiakkaan "
            "näkemys on vain hänen omissa sanoissaan; toisen sanat käyvät sen rinnalla, miksi asiakkaan omia ei ole.",
            "Personalen ändrar inte klientens egna ord. En bestridd anteckning duger inte som klientens syn. Klientens "
            "syn finns bara i klientens egna ord; någon annans ord duger bredvid orsaken till att egna saknas.",
            "Staff do not edit a statement. A disputed one does not serve as the client's view. Only the client's own "
            "words are the client's view; another's serve beside a reason why there are none.",
        ),
        Trilingual(
            "Ratkaisu kertoo, kuultiinko asiakasta ja kenen sanoihin se nojaa. Muiden muotoilema näkemys ei ole "
            "asiakkaan.",
            "Ett avgörande berättar om klienten har hörts och på vems ord det vilar. En syn som andra har formulerat "
            "är inte klientens.",
            "A decision tells whether the client was heard and on whose words it rests. A view worded by others is not "
            "the client's.",
        ),
    ),
    Rule(
        12, ("refuse",), (), SEED,
        Trilingual(
            "Eriävä mielipide on esittäjänsä oma. Tiimi ei voi poistaa sitä.",
            "En avvikande mening hör till den som har framfört den. Teamet kan inte avlägsna den.",
            "A dissent is its author's own. The team cannot remove it.",
        ),
        Trilingual(
            "Yksimielisyys, jossa erimielisyys on pyyhitty pois, ei kerro asiakkaasta vaan tiimistä.",
            "En enighet där oenigheten har suddats ut berättar inte om klienten utan om teamet.",
            "Unanimity from which the disagreement was wiped tells of the team and not of the client.",
        ),
    ),
    Rule(
        13, ("refuse", "override"), ("object_days", "letter_days", "electronic_days"),
        from_(SEED, law(HL, "34", "59"), law(ELECTRONIC_ACT, "19"), law(TERMS_ACT, "5")),
        Trilingual(
            "Sulkemista ehdotetaan ja siitä kerrotaan asiakkaalle, joka voi esittää vastalauseen {object_days} päivän "
            "ajan tiedon saatuaan. Kirje katsotaan saaduksi {letter_days} päivän kuluttua postittamisesta ja sähköinen "
            "viesti {electronic_days} päivän kuluttua lähettämisestä. Asiaa ei suljeta avoimen vastalauseen yli; "
            "poikettaessakin se jää avoimeksi, ja siihen vastaa joku muu kuin sulkemisesta päättänyt. Heti suljetaan, "
            "kun neuvonta riitti tai asiakas lopetti itse ja vahvisti sen.",
            "Ett avslutande föreslås och klienten underrättas, och kan invända inom {object_days} dagar från det att "
            "klienten fick veta. Ett brev anses mottaget {letter_days} dagar efter postningen och ett elektroniskt "
            "meddelande {electronic_days} dagar efter avsändandet. Ärendet avslutas inte över en öppen invändning; "
            "även vid en avvikelse förblir den öppen och besvaras av någon annan än den som avslutade. Genast avslutas "
            "när rådgivning räckte eller klienten själv avslutade och bekräftade det.",
            "Closure is proposed and the client informed, who may object within {object_days} days of being told. A "
            "letter counts as received {letter_days} days after its posting, an electronic notice {electronic_days} "
            "days after its sending. A case does not close over an open objection; overridden or not, the objection "
            "stays open, to be answered by someone who did not decide. At once where advice sufficed, or the client "
            "ended it and confirmed that.",
        ),
        Trilingual(
            "Määräaikainen palvelu päättyy, kun se on tehnyt tehtävänsä, ei pääse pidemmälle tai asiakas lopettaa. Se, "
            "jonka asia suljetaan, ehtii sanoa, ettei ole valmis.",
            "En tidsbestämd service upphör när den har gjort sitt, inte når längre eller klienten avslutar den. Den "
            "vars ärende avslutas hinner säga att det inte är klart.",
            "A fixed-term service ends when it has done its work, can get no further, or the client ends it. Those "
            "whose case is closed have time to say that it is not done.",
        ),
    ),
    Rule(
        14, ("refuse", "override"), (), from_(SEED, law(SHL, "4")),
        Trilingual(
            "Perustetta ”asiakas ei sovellu” ei ole. Kun palvelu ei vastaa tarvetta, sulkeminen edellyttää tiimin "
            "itsearviointia ja vaihtoehtoa asiakkaalle.",
            "Grunden ”klienten är inte lämplig” finns inte. När servicen inte svarar mot behovet förutsätter "
            "avslutandet teamets självvärdering och ett alternativ för klienten.",
            "There is no ground “client unsuitable”. Where the service does not match the need, closing needs the "
            "team's self-review and an alternative for the client.",
        ),
        Trilingual(
            "Tiimin epäonnistuminen kirjataan asiakkaan sopimattomuudeksi. Palvelu sovitetaan asiakkaaseen, ei "
            "asiakasta palveluun.",
            "Teamets misslyckande bokförs som att klienten inte passar in. Servicen anpassas till klienten och inte "
            "klienten till servicen.",
            "A team's failure is booked as “the client does not fit the service”. The service is fitted to the client, "
            "not the client to the service.",
        ),
    ),
    Rule(
        15, ("refuse", "finding"), (), from_(SEED, law(HL, "44", "45")),
        Trilingual(
            "Sulkemisesta kirjataan peruste, aloitteen tekijä ja päättäjä; asiakkaalta on kysytty hänen kokemustaan.",
            "Om ett avslutande antecknas grund, initiativtagare och beslutsfattare; klienten har tillfrågats om sin "
            "upplevelse.",
            "A closure names its ground, its initiator and who decided; the client has been asked for their "
            "experience.",
        ),
        Trilingual(
            "Palvelua ei arvioida pelkällä tehokkuudella vaan kuuntelemalla, miten asiakas sen koki.",
            "Servicen bedöms inte bara efter effektivitet utan genom att lyssna på hur klienten upplevde den.",
            "A service is not judged by efficiency alone, but by listening to how clients experience it.",
        ),
    ),
    Rule(
        16, ("refuse",), (),
        from_(SEED, law(CLIENT_ACT, "8", "9", "10"), law(GUARDIANSHIP_ACT, "29"), law(CUSTODY_ACT, "5")),
        Trilingual(
            "Vain asiakas, tai edustaja toimivaltansa rajoissa, ottaa tai antaa omistajuuden. Edustaja ei ohita "
            "asiakkaan omaa tahtoa tämän henkilöä koskevassa asiassa, eikä kahdesta huoltajasta toinen päätä yksin. "
            "Vastuutaho pysyy takana jokaisessa vaihdossa, ja omistajuuden voi palauttaa heti ja perustelematta.",
            "Bara klienten, eller en företrädare inom sin behörighet, tar eller ger ägarskapet. En företrädare går "
            "inte över klientens egen vilja i ett ärende som gäller klientens person, och av två vårdnadshavare "
            "beslutar inte den ena ensam. Den ansvariga finns kvar genom varje byte, och ägarskapet kan lämnas "
            "tillbaka genast och utan motivering.",
            "Only the client, or a representative within scope, takes or gives ownership; never over the client's own "
            "will in a personal matter, and of two custodians not one alone. The back-stop stays through every "
            "handoff. Giving ownership back is immediate and needs no reason.",
        ),
        Trilingual(
            "Omistajaksi sopii se, johon asia sattuu eniten: asiakas. Mutta voimansa menettänyt ei jaksa kantaa yksin, "
            "joten ammattilainen on aina nimetty taustalle.",
            "Den bästa ägaren är den som det gör mest ont för: klienten. Men den vars krafter är slut orkar inte bära "
            "ensam, så bakom finns alltid en utsedd yrkesperson.",
            "Choose the owner whom it hurts most: the client. But a client at the end of their strength cannot carry "
            "it alone, so a professional back-stop is always named.",
        ),
    ),
    Rule(
        17, ("finding",), ("caseload_ceiling",), SEED,
        Trilingual(
            "Työntekijällä, joka ottaa asian vastaan, on enintään {caseload_ceiling} asiaa, ellei yksiköllä ole omaa "
            "rajaansa.",
            "En arbetstagare som tar emot ett ärende har högst {caseload_ceiling} ärenden, om inte enheten har en egen "
            "gräns.",
            "A worker who accepts a case holds at most {caseload_ceiling}, unless the unit has a limit of its own.",
        ),
        Trilingual(
            "Työntekijä tarvitsee tukea ja tilaa tehdä työnsä. Liian monesta asiasta vastaava ei ehdi vastata "
            "yhdestäkään.",
            "Arbetstagaren behöver stöd och utrymme för sitt arbete. Den som svarar för alltför många ärenden hinner "
            "inte svara för något.",
            "Workers need support and room to do their work. Whoever answers for too many cases has no time to answer "
            "for any.",
        ),
    ),
    Rule(
        18, ("finding",), ("worker_changes", "contact_working_days"),
        from_(SEED, law(SHL, "42")),
        Trilingual(
            "Havaintoja ovat useampi kuin {worker_changes} vastuutyöntekijän vaihtoa, päivät ilman nimettyä "
            "työntekijää ja asiakkaan yhteydenottopyyntö, joka on odottanut yli {contact_working_days} arkipäivää.",
            "Iakttagelser är fler än {worker_changes} byten av ansvarig arbetstagare, dagar utan utsedd arbetstagare "
            "och klientens begäran om kontakt som har väntat över {contact_working_days} vardagar.",
            "More than {worker_changes} changes of worker, days without a named worker, and a contact request left "
            "waiting over {contact_working_days} working days are findings.",
        ),
        Trilingual(
            "Ihminen tarvitsee pysyvän työntekijän, jolla on kokonaiskuva ja joka on lähellä ja helppo tavoittaa.",
            "Människan behöver en bestående arbetstagare som har helhetsbilden, finns nära och är lätt att nå.",
            "People need a permanent worker with the whole picture, near and easy to reach.",
        ),
    ),
    Rule(
        19, ("refuse", "finding"), ("late_days",), from_(law(CLIENT_DATA_ACT), standard("RFC 3339")),
        Trilingual(
            "Mikään ei tapahdu sen jälkeen, kun se on kirjattu. Yli {late_days} päivää myöhässä kirjattu on havainto.",
            "Ingenting händer efter det att det har antecknats. Det som antecknas över {late_days} dagar för sent är "
            "en iakttagelse.",
            "Nothing happens after it is recorded. What is entered more than {late_days} days late is a finding.",
        ),
        Trilingual(
            "Kirjaaminen on työn raskain taakka, ja se jää helposti. Muistista myöhään kirjattu on erotettava heti "
            "kirjatusta.",
            "Dokumentationen är arbetets tyngsta börda och blir lätt på hälft. Det som antecknas sent ur minnet ska "
            "kunna skiljas från det som antecknas genast.",
            "Documentation is the heaviest burden, and is easily put off. What was written late from memory has to be "
            "told from what was written at once.",
        ),
    ),
    Rule(
        20, ("refuse",), ("keep_years", "keep_child_years", "keep_death_years", "keep_birth_years", "sample_day"),
        from_(gdpr("5", "16"), law(HL, "50"), law(CLIENT_DATA_ACT), standard("RFC 9162")),
        Trilingual(
            "Kirjattuun vain lisätään: virhe merkitään ja korvataan uudella merkinnällä, eikä mitään muuteta. Suljetun "
            "asian sanat hävitetään {keep_years} vuoden kuluttua sulkemisesta, lapsiperheiden palveluissa "
            "{keep_child_years} vuoden, lastensuojelussa {keep_death_years} vuoden kuluttua asiakkaan kuolemasta ja "
            "muuten {keep_birth_years} vuoden kuluttua hänen syntymästään. Jos hänen syntymäpäivänsä päättyy numeroon "
            "{sample_day}, ne jäävät Kansallisarkistolle.",
            "Till det antecknade läggs bara till: ett fel märks ut och ersätts med en ny anteckning, och inget ändras. "
            "Orden i ett avslutat ärende förstörs {keep_years} år efter att det avslutades, inom servicen för "
            "barnfamiljer {keep_child_years} år, inom barnskyddet {keep_death_years} år efter klientens död och annars "
            "{keep_birth_years} år efter klientens födelse. Om födelsedagen slutar på {sample_day} bevaras de för "
            "Riksarkivet.",
            "The ledger is append-only: an error is marked and replaced, never edited. The words of a closed case are "
            "destroyed {keep_years} years after its closing, {keep_child_years} years in services for families with "
            "children, in child protection {keep_death_years} years after the client's death, and otherwise "
            "{keep_birth_years} years after the client's birth. Those of a client whose day of birth ends in "
            "{sample_day} are kept for the National Archives.",
        ),
        Trilingual(
            "Vain se, mitä ei voi jälkikäteen muuttaa, todistaa, kuka vastasi ja mitä asiakas sanoi.",
            "Bara det som inte kan ändras i efterhand bevisar vem som svarade och vad klienten sade.",
            "Only what nobody can change afterwards proves who answered for a case and what the client said.",
        ),
    ),
    Rule(
        21, ("refuse",), ("emergency_hours",), gdpr("6", "9"),
        Trilingual(
            "Hätäkäyttö on määräaikaista, enintään {emergency_hours} tuntia, perusteltua ja vain lukemista. Siitä "
            "kerrotaan asiakkaalle, ellei kertomatta jättämisellä ole perustetta, päättäjää ja tarkistuspäivää. Se ei "
            "siirrä omistajuutta.",
            "Nödåtkomst är tidsbestämd, högst {emergency_hours} timmar, motiverad och enbart för läsning. Klienten "
            "underrättas, om inte det finns en grund, en beslutsfattare och ett granskningsdatum för att låta bli. Den "
            "flyttar inte ägarskapet.",
            "Emergency access is timed, {emergency_hours} hours at most, reasoned and read-only. The client is told, "
            "unless it is withheld with a ground, a decider and a review date. It never moves ownership.",
        ),
        Trilingual(
            "Auttamisvelvollisuus menee ohjelmiston edelle, mutta kiire ei saa jättää asiakasta tietämättömäksi.",
            "Skyldigheten att hjälpa går före programvaran, men brådskan får inte lämna klienten ovetande.",
            "The duty to help in an emergency outranks software, but haste must not leave the client unaware.",
        ),
    ),
    Rule(
        22, ("refuse",), ("withheld_days",), from_(law(POPULATION_ACT, "36"), law(OPENNESS_ACT, "24")),
        Trilingual(
            "Turvakiellon aikana osoite, kotikunta ja yksikön paikkakunta tulevat vain niiden tietoon, jotka niitä "
            "tarvitsevat. Mitä asiakkaalta salataan, sanotaan salatuksi ja arvioidaan uudelleen viimeistään "
            "{withheld_days} päivän kuluttua.",
            "Under en spärrmarkering når adressen, hemkommunen och enhetens ort bara dem som behöver dem. Det som "
            "hemlighålls för klienten sägs vara hemligt och prövas på nytt senast efter {withheld_days} dagar.",
            "Under address protection an address, a municipality or a unit's locality reaches only those who need it. "
            "What is withheld from the client is said to be, and looked at again within {withheld_days} days.",
        ),
        Trilingual(
            "Heikoimmassa asemassa olevan henki voi olla siitä kiinni, ettei hänen olinpaikkansa selviä edes yksikön "
            "sijainnista.",
            "Livet för den som är i svagast ställning kan hänga på att vistelseorten inte röjs ens av var enheten "
            "finns.",
            "The life of those in the weakest position may hang on nobody learning where they are, not even from where "
            "the unit is.",
        ),
    ),
    Rule(
        23, ("refuse",), ("slip_days",), from_(law(CLIENT_DATA_ACT, "11"), gdpr("15")),
        Trilingual(
            "Jokainen asian lukeminen kirjataan lokiin, eikä mitään näytetä kirjaamatta. Asiakas saa kysyä, kuka luki "
            "ja miksi. Lapun koodilla saa {slip_days} päivän ajan tietää vain, kuka nyt vastaa ja mitä on luvattu, ja "
            "sekin kirjataan.",
            "Varje läsning av ett ärende loggas, och inget visas ologgat. Klienten får fråga vem som har läst och "
            "varför. Med lappens kod får man i {slip_days} dagar veta bara vem som svarar nu och vad som har lovats, "
            "och även det loggas.",
            "Every read of a case is logged, and nothing is served unlogged. The client may ask who read it and why. "
            "The code on a slip tells for {slip_days} days only who answers now and what is promised, and that is "
            "logged too.",
        ),
        Trilingual(
            "Kun asiakas avaa elämänsä monelle organisaatiolle, hänellä on oikeus tietää, kuka siitä luki.",
            "När klienten öppnar sitt liv för många organisationer har klienten rätt att veta vem som har läst om det.",
            "Clients who open their lives to many organisations have a right to know who read of them.",
        ),
    ),
    Rule(
        24, ("finding",), ("assess_start_working_days", "assess_finish_months"),
        from_(law(SHL, "36"), law(CHILD_WELFARE_ACT, "26")),
        Trilingual(
            "Palvelutarpeen arviointi alkaa {assess_start_working_days} arkipäivän kuluessa ja valmistuu "
            "{assess_finish_months} kuukauden kuluessa niissä asioissa, joita lain määräajat sitovat.",
            "Bedömningen av servicebehovet inleds inom {assess_start_working_days} vardagar och blir färdig inom "
            "{assess_finish_months} månader i de ärenden som lagens tidsfrister binder.",
            "An assessment begins within {assess_start_working_days} working days and is finished within "
            "{assess_finish_months} months, in the cases that the statutory clocks bind.",
        ),
        Trilingual(
            "Alussa tarvitaan perusteellinen arvio, ja se auttaa vain, jos se tehdään ajoissa.",
            "I början behövs en grundlig bedömning, och den hjälper bara om den görs i tid.",
            "A comprehensive assessment is needed at the start, and it only helps in time.",
        ),
    ),
    Rule(
        25, ("override",), ("unreachable_attempts", "unreachable_channels", "unreachable_days"),
        from_(SEED, law(HL, "31")),
        Trilingual(
            "”Asiakasta ei tavoiteta” edellyttää vähintään {unreachable_attempts} yritystä ja {unreachable_channels} "
            "eri yhteydenottotapaa {unreachable_days} päivän aikana, eikä hakemus saa olla vireillä.",
            "”Klienten nås inte” förutsätter minst {unreachable_attempts} försök och {unreachable_channels} olika "
            "kontaktsätt under {unreachable_days} dagar, och ingen ansökan får vara anhängig.",
            "“Unreachable” needs at least {unreachable_attempts} attempts by {unreachable_channels} channels over "
            "{unreachable_days} days, and no pending application.",
        ),
        Trilingual(
            "Voimansa menettänyt ei aina vastaa puhelimeen. Tavoittamattomuus kertoo yrittämisestä yhtä paljon kuin "
            "asiakkaasta.",
            "Den vars krafter är slut svarar inte alltid i telefon. Att någon inte nås berättar lika mycket om "
            "försöken som om klienten.",
            "Those at the end of their strength do not always answer the telephone. That somebody is not reached tells "
            "as much of the trying as of the client.",
        ),
    ),
    Rule(
        26, ("finding",), (), from_(SEED, law(SHL, "39")),
        Trilingual(
            "Avoimella asialla on luvattu seuraava askel, joka on vielä edessä.",
            "Ett öppet ärende har ett utlovat nästa steg som ligger framåt.",
            "An open case has a next step promised ahead.",
        ),
        Trilingual(
            "Omistaja vastaa siitä, että asia etenee. Asia, jossa mitään ei ole luvattu, on pysähtynyt.",
            "Ägaren svarar för att ärendet går framåt. Ett ärende där inget är utlovat står stilla.",
            "An owner answers for the matter moving on. A case in which nothing is promised has stopped.",
        ),
    ),
    Rule(
        27, ("finding",), (), from_(SEED, law(SHL, "36", "39"), law(CLIENT_ACT, "8")),
        Trilingual(
            "Suunnitelma tai palvelu ei tule ennen asiakkaan omaa näkemystä.",
            "En plan eller service kommer inte före klientens egen syn.",
            "No plan or service comes before the client's own view.",
        ),
        Trilingual(
            "Palveluja mietitään vasta, kun ihminen ymmärtää oman tilanteensa, ja hän ymmärtää sen kertomalla siitä.",
            "Service övervägs först när människan förstår sin egen situation, och det gör hon genom att berätta om "
            "den.",
            "Only when people understand their own situation should services be considered; they come to it by telling "
            "of it.",
        ),
    ),
    Rule(
        28, ("finding",), (), from_(gdpr("5", "16"), law(HL, "50")),
        Trilingual(
            "Ratkaisu ei nojaa merkintään, joka on myöhemmin merkitty virheelliseksi.",
            "Ett avgörande vilar inte på en anteckning som senare har märkts som felaktig.",
            "No decision rests on an entry that was later marked erroneous.",
        ),
        Trilingual(
            "Korjattu virhe jää voimaan niissä ratkaisuissa, jotka tehtiin sen varassa, ellei joku katso niitä "
            "uudelleen.",
            "Ett rättat fel lever kvar i de avgöranden som vilade på det, om inte någon ser på dem på nytt.",
            "An error that was set right lives on in the decisions that rested on it, unless somebody looks at them "
            "again.",
        ),
    ),
    Rule(
        29, ("override",), (), from_(law(CLIENT_ACT, "6"), law(HL, "45", "47")),
        Trilingual(
            "Sulkeminen siksi, ettei lakisääteistä perustetta ole tai ettei palvelu vastaa tarvetta, ja palvelun "
            "lopettaminen vastoin asiakkaan kantaa edellyttävät viittausta valituskelpoiseen päätökseen.",
            "Att avsluta för att laglig grund saknas eller servicen inte svarar mot behovet, och att avsluta en "
            "service mot klientens ståndpunkt, förutsätter en hänvisning till ett överklagbart beslut.",
            "Closing for want of a legal basis or for a mismatch of the service, or ending a service against the "
            "client's position, needs a referenced appealable decision.",
        ),
        Trilingual(
            "Vastalause tässä palvelussa ei korvaa lakisääteistä muutoksenhakua: kielteisestä ratkaisusta voi valittaa "
            "vain, jos siitä on päätös.",
            "En invändning här ersätter inte det lagstadgade ändringssökandet: ett avslag kan överklagas bara om det "
            "finns ett beslut.",
            "An objection here replaces no statutory appeal, and a refusal can be appealed only where there is a "
            "decision.",
        ),
    ),
    Rule(
        30, ("override", "finding"), (), from_(SEED, law(CLIENT_ACT, "8"), law(SHL, "39")),
        Trilingual(
            "Kun asiakas omistaa asiansa, vaihto, suunnitelma ja sulkeminen edellyttävät hänen hyväksyntäänsä, ellei "
            "ole kiire; kiireellisenä ilman hyväksyntää tehty on havainto. Mikään määräaika ei kulu asiakkaan "
            "vahingoksi.",
            "När klienten äger sitt ärende förutsätter ett byte, en plan och ett avslutande klientens godkännande, om "
            "det inte brådskar; det som görs brådskande utan godkännande är en iakttagelse. Ingen tidsfrist räknas "
            "klienten till last.",
            "While the client owns, a handoff, plan or closure needs the client's yes, urgency apart; what is done as "
            "urgent without it is a finding. No deadline is held against a client.",
        ),
        Trilingual(
            "Omistajuutta tuetaan kaikin keinoin, eikä omistaja ole se, jonka ohi päätetään.",
            "Klientens ägarskap stöds på alla sätt, och en ägare är inte den vars huvud man beslutar över.",
            "The client's ownership is supported by every means, and no owner is decided over.",
        ),
    ),
    Rule(
        31, ("finding",), (), from_(SEED, law(CLIENT_ACT, "8")),
        Trilingual(
            "Asiakkaalta on kysytty viimeistään ensimmäisen suunnitelman yhteydessä, kuka asian omistaa.",
            "Klienten har senast i samband med den första planen tillfrågats om vem som ska äga ärendet.",
            "The client has been asked by the first plan who should own the case.",
        ),
        Trilingual(
            "Asiakas omistaa, valitsee omistajan tai antaa omistajuuden takaisin, mutta vain, jos häneltä kysytään.",
            "Klienten äger, väljer en ägare eller lämnar tillbaka ägarskapet, men bara om någon frågar.",
            "The client owns, or chooses who does, or gives it back, but only if asked.",
        ),
    ),
    Rule(
        32, ("finding",), ("quiet_days",), from_(SEED, law(HL, "6")),
        Trilingual(
            "Yksikkö ei sulje asiaa, lopeta palvelua eikä vaihda vastuutahoa {quiet_days} päivän kuluessa "
            "vastalauseesta, joka koskee sitä itseään.",
            "En enhet avslutar inte ärendet, avslutar inte en service och byter inte ansvarig inom {quiet_days} dagar "
            "från en invändning som gäller enheten själv.",
            "No closure, service end or handoff by the same unit within {quiet_days} days of an objection.",
        ),
        Trilingual(
            "Vastalauseeseen vastataan. Se ei saa maksaa asiakkaalle palvelua eikä työntekijää.",
            "En invändning besvaras. Den får inte kosta klienten servicen eller arbetstagaren.",
            "An objection is answered. It must not cost the client the service or the worker.",
        ),
    ),
)  # fmt: skip

RULES: Mapping[int, Rule] = {it.number: it for it in _ALL}
"""Every rule, by its number."""
