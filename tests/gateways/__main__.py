"""`python -m tests.gateways PROGRAM`: runs LiteLLM's proxy by its path, and says what it billed."""

import sys

from tests.gateways.litellm_proxy import prove

wrong = prove(sys.argv[1])
said = "\n".join(wrong) or "Each request was billed exactly once, to whose key it was."
sys.stdout.write(f"{said}\n")
sys.exit(1 if wrong else 0)
