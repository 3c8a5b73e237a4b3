"""What the page in a bundle says of itself, in Finnish, Swedish and English."""

from __future__ import annotations

from collections.abc import Mapping

from domain.rules import Trilingual

TEXTS: Mapping[str, Trilingual] = {
    "title": Trilingual("Asian historia", "Ärendets historia", "The history of a case"),
    "case": Trilingual("Asia", "Ärende", "Case"),
    "region": Trilingual("Alue", "Område", "Region"),
    "made": Trilingual("Muodostettu", "Framställd", "Made"),
    "events": Trilingual("Merkintöjä", "Anteckningar", "Entries"),
    "words": Trilingual("Sanat", "Ord", "Words"),
    "words_all": Trilingual(
        "Kaikki sanat, jotka lukija saa lukea, on avattu.", "Alla ord som läsaren får läsa är öppnade.",
        "All words that the reader may read are opened.",
    ),
    "words_none": Trilingual("Sanoja ei ole avattu.", "Inga ord är öppnade.", "No words are opened."),
    "words_some": Trilingual(
        "Sanat on avattu näistä merkinnöistä:", "Orden är öppnade i dessa anteckningar:",
        "The words of these entries are opened:",
    ),
    "proves_nothing": Trilingual(
        "Tämä sivu ei yksin todista mitään: kuka tahansa olisi voinut kirjoittaa sen. Todisteet ovat samassa "
        "zip-tiedostossa sen vieressä, ja kuka tahansa voi tarkistaa ne omalla koneellaan ilman verkkoyhteyttä.",
        "Denna sida bevisar ingenting i sig: vem som helst kunde ha skrivit den. Bevisen finns i samma zip-fil bredvid "
        "den, och vem som helst kan kontrollera dem på sin egen dator utan nätförbindelse.",
        "This page proves nothing by itself: anybody could have written it. The proofs are in the same zip file beside "
        "it, and anybody can check them on a computer of their own, without a network.",
    ),
    "verify": Trilingual("Näin tarkistat", "Så kontrollerar du", "How to verify"),
    "verify_by": Trilingual(
        "Anna tarkistusohjelmalle koko zip-tiedosto:", "Ge hela zip-filen till kontrollprogrammet:",
        "Give the whole zip file to the verifier:",
    ),
    "verify_says": Trilingual(
        "Se kertoo, onko historia eheä, mikä siinä on muutettu ja mitä todisteet eivät kata. Todistetun historian se "
        "tulostaa valitsimella --history: vertaa tätä sivua siihen. Pyydä alueen avain muuta tietä kuin tässä "
        "tiedostossa, ja anna se valitsimella --key.",
        "Det berättar om historien är hel, vad i den som har ändrats och vad bevisen inte omfattar. Den bevisade "
        "historien skriver det ut med --history: jämför denna sida med den. Be om områdets nyckel på annat sätt än i "
        "denna fil, och ge den med --key.",
        "It says whether the history is whole, what in it was altered, and what the proofs do not cover. It prints the "
        "proven history with --history: compare this page with that. Ask for the region's key in another way than with "
        "this file, and give it with --key.",
    ),
    "times": Trilingual(
        "Ajat ovat Suomen aikaa.", "Tiderna är finsk tid.", "Times are those of Finland."
    ),
    "contents": Trilingual("Sisällys", "Innehåll", "Contents"),
    "where": Trilingual("Missä asia on", "Var ärendet står", "Where the case stands"),
    "open": Trilingual("Asia on avoinna.", "Ärendet är öppet.", "The case is open."),
    "not_open": Trilingual("Asia ei ole avoinna.", "Ärendet är inte öppet.", "The case is not open."),
    "owners": Trilingual(
        "Kuka asian omisti ja kuka siitä vastasi", "Vem som ägde ärendet och vem som svarade för det",
        "Who owned the case and who answered for it",
    ),
    "owner": Trilingual("Omistaja", "Ägare", "Owner"),
    "responsible": Trilingual("Vastuutaho", "Ansvarig", "Responsible"),
    "duty_holder": Trilingual("Vastuuviranomainen", "Ansvarig myndighet", "Duty-holder"),
    "since": Trilingual("Alkaen", "Från", "From"),
    "until": Trilingual("Asti", "Till", "Until"),
    "still": Trilingual("edelleen", "fortfarande", "still"),
    "voice": Trilingual(
        "Mitä asiakas on sanonut ja päättänyt", "Vad klienten har sagt och beslutat",
        "What the client has said and decided",
    ),
    "when": Trilingual("Milloin", "När", "When"),
    "what": Trilingual("Mitä", "Vad", "What"),
    "who": Trilingual("Kuka kirjasi", "Vem antecknade", "Entered by"),
    "speaker": Trilingual("Kenen sanat", "Vems ord", "Whose words"),
    "came_of_it": Trilingual("Mitä siitä tuli", "Vad som blev av det", "What came of it"),
    "changed": Trilingual("muutti merkinnän", "ändrade anteckningen", "changed entry"),
    "used_in": Trilingual("päätösten perusteena", "grund för besluten", "what these rest on:"),
    "heard": Trilingual(
        "Kuultiinko asiakasta päätöksissä", "Hördes klienten i besluten", "Whether decisions heard the client"
    ),
    "decision": Trilingual("Päätös", "Beslut", "Decision"),
    "was_heard": Trilingual("Kuultiinko", "Hördes klienten", "Heard"),
    "rests_on": Trilingual("perustuu merkintään", "grundar sig på anteckningen", "rests on entry"),
    "ending": Trilingual("Miten asia päättyi", "Hur ärendet slutade", "How the case ended"),
    "proposed": Trilingual("Ehdotettu", "Föreslaget", "Proposed"),
    "ground": Trilingual("Peruste", "Grund", "Ground"),
    "initiator": Trilingual("Kenen aloitteesta", "På vems initiativ", "At whose initiative"),
    "client_said": Trilingual("Asiakkaan kanta", "Klientens ståndpunkt", "The client's position"),
    "objections": Trilingual("Vastalauseita", "Invändningar", "Objections"),
    "closed": Trilingual("Suljettu", "Avslutat", "Closed"),
    "standing": Trilingual("Tila", "Läge", "State"),
    "history": Trilingual("Kaikki, mitä on tapahtunut", "Allt som har hänt", "Everything that has happened"),
    "entry": Trilingual("Merkintä", "Anteckning", "Entry"),
    "happened": Trilingual("Tapahtui", "Hände", "Happened"),
    "recorded": Trilingual("Kirjattu", "Antecknat", "Recorded"),
    "nothing": Trilingual("Ei mitään.", "Ingenting.", "Nothing."),
    "sealed": Trilingual("ei avattu tässä tiedostossa", "inte öppnade i denna fil", "not opened in this file"),
    "withheld": Trilingual("ei kerrota lukijalle", "berättas inte för läsaren", "withheld from the reader"),
    "destroyed": Trilingual("hävitetty", "förstörda", "destroyed"),
    "damaged": Trilingual(
        "ei avaudu: tarkista tiedosto", "kan inte öppnas: kontrollera filen", "can't be opened: verify the file"
    ),
    "another_person": Trilingual(
        "sanottu toisen henkilön tiedoksi", "sägs gälla en annan person", "said to be another person's"
    ),
    "reviewed_by": Trilingual("tarkistetaan viimeistään", "granskas senast", "looked at again by"),
    "reported": Trilingual("kirjattu jälkikäteen", "antecknat i efterhand", "reported"),
    "late": Trilingual("kirjattu myöhässä", "antecknat försenat", "late"),
    "imported": Trilingual("tuotu", "infört", "imported"),
    "on_behalf_of": Trilingual("puolesta:", "för:", "on behalf of:"),
    "erroneous": Trilingual("merkitty virheelliseksi", "märkt som felaktig", "marked erroneous"),
    "yes": Trilingual("kyllä", "ja", "yes"),
}  # fmt: skip
"""The page's texts, by what they are for."""
