"""Which adapter stands behind which need of the domain."""

from app.adapters import price_table

read_price_table = price_table.read_price_table
