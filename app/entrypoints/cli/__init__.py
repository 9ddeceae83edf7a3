"""The command line: `billing`."""

from app.entrypoints.cli.commands import Commands

# The file of each command: only that of the one that is called is imported.
main = Commands(
    "billing",
    help="Run and look after an installation of Oblivious Billing.",
    files={
        "backup": "backup",
        "check-config": "checks",
        "close-month": "close_month",
        "coupons": "coupons",
        "db": "database",
        "demo": "demo",
        "invoices": "invoices",
        "keys": "keys",
        "payments": "payments",
        "plans": "plans",
        "prices": "prices",
        "reconcile": "reconcile",
        "report": "report",
        "restore": "backup",
        "run": "run",
        "sandbox": "sandbox",
        "serve": "serve",
        "tax": "tax",
        "tokens": "tokens",
        "users": "users",
        "verify": "checks",
        "webhooks": "webhooks",
        "worker": "worker",
    },
)
