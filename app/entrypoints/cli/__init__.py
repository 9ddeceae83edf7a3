"""The command line: `billing`."""

from app.entrypoints.cli.backup import backup, restore
from app.entrypoints.cli.checks import check_config, verify
from app.entrypoints.cli.close_month import close_month
from app.entrypoints.cli.coupons import coupons
from app.entrypoints.cli.database import db
from app.entrypoints.cli.demo import demo
from app.entrypoints.cli.errors import Commands
from app.entrypoints.cli.invoices import invoices
from app.entrypoints.cli.keys import keys
from app.entrypoints.cli.payments import payments
from app.entrypoints.cli.plans import plans
from app.entrypoints.cli.prices import prices
from app.entrypoints.cli.reconcile import reconcile
from app.entrypoints.cli.report import report
from app.entrypoints.cli.run import run
from app.entrypoints.cli.sandbox import sandbox
from app.entrypoints.cli.serve import serve
from app.entrypoints.cli.tax import tax
from app.entrypoints.cli.tokens import tokens
from app.entrypoints.cli.users import users
from app.entrypoints.cli.webhooks import webhooks
from app.entrypoints.cli.worker import worker

main = Commands(
    "billing",
    help="Run and look after an installation of Oblivious Billing.",
    commands=[
        *(
            backup,
            check_config,
            close_month,
            coupons,
            db,
            demo,
            invoices,
            keys,
            payments,
            plans,
            prices,
        ),
        *(
            reconcile,
            report,
            restore,
            run,
            sandbox,
            serve,
            tax,
            tokens,
            users,
            verify,
            webhooks,
            worker,
        ),
    ],
)
