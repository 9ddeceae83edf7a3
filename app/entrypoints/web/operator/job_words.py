"""What the kinds of jobs, and what they are about, are called at the console."""

from collections.abc import Mapping

from app.foundation.sentences import Sentence, say

KINDS: Mapping[str, Sentence] = {
    "charge_saved_card": say("Charge a saved card"),
    "follow_up_event": say("Look into a provider’s event"),
    "forget_card": say("Have a card forgotten"),
    "refund_payment": say("Send money back"),
    "refund_settled": say("Take back what was refunded"),
    "refund_undone": say("Undo a refund that came back"),
    "dispute_decided": say("Follow a decided dispute"),
    "close_checkouts": say("Close payment pages"),
    "send_mail": say("Send a mail"),
    "register": say("Answer a registration"),
    "send_password_reset": say("Send a link for a new password"),
    "send_email_confirmation": say("Send a link to a new mail address"),
    "rebuild_rollups": say("Rebuild charts in a new zone"),
    "price_unpriced": say("Price usage that waited"),
    "check_alerts": say("Check alerts"),
    "auto_top_up": say("Top up automatically"),
}
# What is told of what a job is about. The rest is nobody's business: sealed links, who asked.
ABOUT: Mapping[str, Sentence] = {
    "user_id": say("Customer"),
    "payment": say("Payment"),
    "invoice": say("Invoice"),
    "refund": say("Refund no."),
    "dispute": say("Dispute no."),
    "event": say("Event no."),
    "card": say("Card no."),
    "mail": say("Mail no."),
    "email": say("Mail address"),
}
