"""What the plans that come with an installation say of themselves, for readers of any language.

An operator's own words stay as he wrote them.
"""

from app.foundation.sentences import Sentence, say

_SENTENCES = (
    say("Perfect for getting started"),
    say("Up to 100K tokens per month"),
    say("Email support"),
    say("Basic API access"),
    say("For professionals"),
    say("Up to 1M tokens per month"),
    say("Priority email support"),
    say("Advanced API access"),
    say("10% discount on overage"),
    say("For large organizations"),
    say("Up to 10M tokens per month"),
    say("24/7 phone support"),
    say("Dedicated account manager"),
    say("No plan: every token at its model’s price"),
    say("No monthly fee"),
    say("Every token at its model’s price"),
)
# Installations have stored them with a typewriter's apostrophe.
SHIPPED: dict[str, Sentence] = {
    str(sentence).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"): sentence
    for sentence in _SENTENCES
}
