"""What is owed: invoices and their lines, credit notes, account credit and tax."""
