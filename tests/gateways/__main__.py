"""`python -m tests.gateways PROGRAM [AWAY]`: runs LiteLLM's proxy by its path; says what it billed.

AWAY is for how many seconds we are away meanwhile.
"""

import sys

from tests.gateways.litellm_proxy import prove
from tests.gateways.outages import outlive

program, *away = sys.argv[1:]
wrong = outlive(program, seconds=int(away[0])) if away else prove(program)
right = "Whatever has arrived" if away else "Each request"
said = "\n".join(wrong) or f"{right} was billed exactly once, to whose key it was."
sys.stdout.write(f"{said}\n")
sys.exit(1 if wrong else 0)
