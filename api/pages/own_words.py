"""What the client's page calls things: short sentences in everyday words, each translated where it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from api.pages.page import N_

HEARD: Mapping[str, str] = {
    "clients_own": N_("You decided this yourself."),
    "confirmed": N_("You were heard. This rests on your words, and you have confirmed them."),
    "unconfirmed": N_("This rests on your words as somebody wrote them down. You have not confirmed them."),
    "disputed": N_("This rests on words that you say are wrong."),
    "anothers_words": N_("This rests on another person's words, not on yours."),
    "reason": N_("You were not heard. This is the reason that was given:"),
    "nothing": N_("Nothing tells whether you were heard."),
}
"""Whether the client was heard in a decision."""

DECIDED: Mapping[str, str] = {
    "handoff": N_("Your case was offered to another"),
    "transfer": N_("Your case was sent to the authority that decides on it"),
    "assessment": N_("Your situation was assessed"),
    "plan": N_("A plan was made"),
    "team_line": N_("The team agreed on a joint line"),
    "closure": N_("It was proposed to close your case"),
    "closed": N_("Your case was closed"),
    "service": N_("A service ended"),
    "decision": N_("An authority made a decision about you"),
}
"""What was decided."""

OFFERED: Mapping[str, str] = {
    "pending": N_("Nobody has answered yet."),
    "accepted": N_("It was accepted."),
    "received": N_("It was received."),
    "declined": N_("It was declined."),
    "contested": N_("They say that it is not theirs to decide."),
    "withdrawn": N_("The offer was taken back."),
    "expired": N_("Nobody answered in time, so the offer lapsed."),
}
"""What came of an offer or a transfer."""

ASKED: Mapping[str, str] = {
    "contact": N_("That somebody contacts me"),
    "other_worker": N_("Another worker"),
    "service": N_("A service"),
    "second_opinion": N_("A second opinion"),
    "meeting": N_("A meeting"),
    "rectification": N_("That something is put right"),
    "closure": N_("That my case is closed"),
    "reopening": N_("That my case is opened again"),
}
"""What a client asks for, in their own mouth."""

OUTCOME: Mapping[str, str] = {
    "granted": N_("You got what you asked for."),
    "partly_granted": N_("You got a part of what you asked for."),
    "refused": N_("You did not get what you asked for."),
    "upheld": N_("You were right."),
    "partly_upheld": N_("You were right in part."),
    "rejected": N_("The answer is that this stays as it is."),
}
"""What came of a request or an objection."""

ENDED: Mapping[str, str] = {
    "withdrawn": N_("You took this back."), "lapsed": N_("This lapsed without an answer."),
}  # fmt: skip
"""How an objection or a consent came to an end without an answer."""

OUTCOME_OF_DECISION: Mapping[str, str] = {
    "granted": N_("It was granted."),
    "partly_granted": N_("A part of it was granted."),
    "refused": N_("It was refused."),
    "ended": N_("Something was ended."),
}
"""What was decided elsewhere."""

WAITS: Mapping[str, str] = {
    "took_ownership": N_("It was written down that you take the case into your own hands."),
    "chose_owner": N_("It was written down that you have chosen who owns your case."),
    "returned_ownership": N_("It was written down that you give the case back."),
    "withdrew_objection": N_("It was written down that you take your objection back."),
    "withdrew_closure": N_("It was written down that your case stays open after all."),
    "proposed_closure": N_("It was written down that you want to end your case."),
    "handoff": N_("Another is proposed to answer for your case."),
    "closure": N_("It is proposed to close your case."),
    "plan": N_("A plan was made for you."),
}
"""What waits for the client's word."""

DECIDED_MYSELF: Mapping[str, str] = {
    "took_ownership": N_("You took the case into your own hands."),
    "chose_owner": N_("You chose who owns your case."),
    "returned_ownership": N_("You gave the case back."),
}
"""What the client decided about who owns the case."""

SPEAKERS: Mapping[str, str] = {
    "client": N_("You said:"), "representative": N_("Your representative said:"),
    "close_person": N_("Somebody close to you said:"),
}  # fmt: skip
"""Who said something."""

SCORES: Mapping[int, str] = {
    1: N_("1, bad"), 2: N_("2, rather bad"), 3: N_("3, neither bad nor good"), 4: N_("4, rather good"),
    5: N_("5, good"),
}  # fmt: skip
"""How it felt."""

NEXT = N_("Whoever answers for your case sees it. You can follow it on this page.")
_TO_ANSWER = N_("Somebody answers you, with reasons. The answer comes to this page.")

DONE: Mapping[str, tuple[str, str]] = {
    "confirm-statement": (N_("It is recorded that these are your words."), N_("Decisions can now rest on them.")),
    "dispute-statement": (
        N_("It is recorded that your words were written down wrongly, and how they should read."),
        N_("The wrong ones stay beside it, but no decision can rest on them any more."),
    ),
    "record-statement": (N_("Your words are recorded as you wrote them."), NEXT),
    "raise-objection": (
        N_("Your objection is recorded."),
        N_("Somebody else than the one who decided answers it. An objection is not an appeal."),
    ),
    "withdraw-objection": (N_("It is recorded that you take your objection back."), NEXT),
    "make-request": (N_("What you ask for is recorded."), _TO_ANSWER),
    "answer-as-client": (N_("Your answer is recorded."), NEXT),
    "take-ownership": (
        N_("It is recorded that the case is in your own hands."),
        N_("Your worker still stands behind you. You can give it back at any time."),
    ),
    "choose-owner": (N_("It is recorded whom you chose."), N_("You can choose anew, or give the case back.")),
    "return-ownership": (
        N_("It is recorded that you gave the case back."), N_("Whoever answers for it owns it again."),
    ),
    "propose-closure": (
        N_("It is recorded that you want to end your case."),
        N_("Your worker closes it. Until then you can take this back."),
    ),
    "withdraw-closure": (N_("It is recorded that your case stays open."), NEXT),
    "report-experience": (N_("It is recorded how it felt. Thank you."), N_("The service learns from it.")),
    "give-consent": (N_("Your consent is recorded."), N_("You can take it back at any time.")),
    "withdraw-consent": (N_("It is recorded that you take your consent back."), NEXT),
}  # fmt: skip
"""What was recorded by each act, and what happens next."""

DONE_ELSE = (N_("It is recorded."), NEXT)
