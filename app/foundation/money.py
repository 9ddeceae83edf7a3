"""Money as integers, and the only functions that round it.

Three units, each told by a suffix (design: the book of rules, section 3):

* `_pico`   a price of tokens: pico-USD per token, which is nano-USD per 1,000 tokens
* `_nanos`  the cost of usage: nano-USD, 1e-9 USD
* `_minor`  what is invoiced and paid: cents

Rounding is half up, and away from zero below it, so that undoing an amount gives its negative.
Floats are refused everywhere: they cannot hold a tenth of a cent.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation, localcontext

from app.foundation.sentences import say

NANOS_PER_USD = 1_000_000_000
NANOS_PER_MINOR = 10_000_000
PICO_PER_MINOR = 10_000_000_000
PICO_PER_USD_PER_1K = 1_000_000_000
BASIS_POINTS = 10_000
# A price list may carry the noise of binary floats (5.0000000000000004E-8); anything
# further than this from a whole pico-USD is another price, and refused.
PRICE_NOISE = Decimal("1e-18")
# Every unit must fit the databases' 64 bits; nobody writes more digits than that takes.
WHOLE_MAX = 2**63 - 1
DECIMAL_DIGITS_MAX = 40


def require_int(value: object) -> int:
    """Return the integer; refuse floats, booleans and everything else with a TypeError."""
    if type(value) is not int:
        raise TypeError(f"money is counted in whole units, not {type(value).__name__}")
    return value


def round_half_up(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest whole number, a half away from zero."""
    require_int(numerator)
    if require_int(denominator) <= 0:
        raise ValueError("the denominator must be positive")
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def token_cost_nanos(pico_tokens: int) -> int:
    """Round the list cost of one record, given its exact sum of tokens times pico-USD."""
    return round_half_up(pico_tokens, 1000)


def overage_cost_nanos(
    pico_tokens: int, *, overage_tokens: int, total_tokens: int, discount_bp: int
) -> int:
    """Round the final cost of one record: the overage's share of it, less the plan's discount."""
    if require_int(total_tokens) == 0:
        return 0
    numerator = require_int(pico_tokens) * overage_tokens * (BASIS_POINTS - discount_bp)
    return round_half_up(numerator, 1000 * total_tokens * BASIS_POINTS)


def minor_from_nanos(nanos: int) -> int:
    """Round a sum of usage to cents, once."""
    return round_half_up(nanos, NANOS_PER_MINOR)


def nanos_from_minor(minor: int) -> int:
    """Return the same amount in nano-USD."""
    return require_int(minor) * NANOS_PER_MINOR


def share_minor(minor: int, *, part: int, whole: int) -> int:
    """Round the share part/whole of an amount to cents (proration)."""
    return round_half_up(require_int(minor) * require_int(part), whole)


def percentage_minor(minor: int, *, basis_points: int) -> int:
    """Round a percentage of an amount to cents (coupons, tax)."""
    return round_half_up(require_int(minor) * require_int(basis_points), BASIS_POINTS)


def allocate_minor(total_minor: int, *, weights: Sequence[int]) -> list[int]:
    """Spread cents over lines by largest remainder, ties by line order; the parts add up.

    Raises ValueError when there is something to spread but no positive weight to carry it.
    """
    whole = sum(require_int(weight) for weight in weights)
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    if whole == 0:
        if total_minor:
            raise ValueError("nothing to spread the amount over")
        return [0] * len(weights)
    sign = -1 if require_int(total_minor) < 0 else 1
    exact = [abs(total_minor) * weight for weight in weights]
    parts = [amount // whole for amount in exact]
    by_remainder = sorted(range(len(exact)), key=lambda line: (-(exact[line] % whole), line))
    for line in by_remainder[: abs(total_minor) - sum(parts)]:
        parts[line] += 1
    return [sign * part for part in parts]


def minor_parts_from_nanos(nanos: Sequence[int]) -> list[int]:
    """Round the sum of exact amounts to cents once, and share the cents out by largest remainder.

    Each part is within a cent of its amount, ties go by order, and the parts add up.
    """
    parts = [require_int(amount) // NANOS_PER_MINOR for amount in nanos]
    left_over = minor_from_nanos(sum(nanos)) - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda at: (-(nanos[at] % NANOS_PER_MINOR), at))
    for at in by_remainder[:left_over]:
        parts[at] += 1
    return parts


def pico_from_usd_per_1k(text: str | Decimal) -> int:
    """Return the price in pico-USD per token. Raises ValueError if it is not exact or below 0."""
    return _pico(_decimal(text), PICO_PER_USD_PER_1K, noise=PRICE_NOISE * 1000)


def pico_from_usd_per_token(text: str | Decimal) -> int:
    """Return the price in pico-USD per token. Raises ValueError if it is not exact or below 0."""
    return _pico(_decimal(text), PICO_PER_USD_PER_1K * 1000, noise=PRICE_NOISE)


def usd_per_1k_from_pico(pico: int) -> Decimal:
    """Return the price in USD per 1,000 tokens, exactly."""
    return _plain(Decimal(require_int(pico)).scaleb(-9))


def usd_per_token_from_pico(pico: int) -> Decimal:
    """Return the price in USD per token, exactly."""
    return _plain(Decimal(require_int(pico)).scaleb(-12))


def percent_from_basis_points(basis_points: int) -> Decimal:
    """Return the percentage, exactly."""
    return _plain(Decimal(require_int(basis_points)).scaleb(-2))


def basis_points_from_percent(text: str | int | Decimal) -> int:
    """Return the percentage in basis points. Raises ValueError if it is finer than that."""
    # Both units have two decimals.
    return minor_from_usd(text)


def usd_from_nanos(nanos: int) -> Decimal:
    """Return the amount in USD, exactly."""
    return _plain(Decimal(require_int(nanos)).scaleb(-9))


def usd_from_minor(minor: int) -> Decimal:
    """Return the amount in USD, exactly."""
    return _plain(Decimal(require_int(minor)).scaleb(-2))


def minor_from_usd(text: str | int | Decimal) -> int:
    """Return the amount in cents. Raises ValueError if it has fractions of a cent."""
    with localcontext(prec=60):
        exact = _decimal(text) * 100
        if exact != exact.to_integral_value():
            raise ValueError("there are at most two decimals")
    return _within_64_bits(int(exact))


def _decimal(text: object) -> Decimal:
    if isinstance(text, float | bool):
        raise TypeError("money is never a float")
    try:
        value = Decimal(text)  # type: ignore[arg-type]  # refused below if it is no number
    except (InvalidOperation, TypeError, ValueError) as error:
        raise ValueError(say("not a number")) from error
    if not value.is_finite():
        raise ValueError(say("not a finite number"))
    # Turned into an integer, 1e999999999 would fill the memory.
    if value.adjusted() > DECIMAL_DIGITS_MAX:
        raise ValueError(say("too large a number"))
    # Beyond the precision we calculate with, a fraction would be rounded away unseen.
    if len(value.as_tuple().digits) > DECIMAL_DIGITS_MAX:
        raise ValueError(say("too many digits"))
    return value


def _pico(price: Decimal, scale: int, *, noise: Decimal) -> int:
    if price < 0:
        raise ValueError(say("a price must not be negative"))
    with localcontext(prec=60):
        exact = price * scale
        pico = int(exact.to_integral_value())
        # Noise is around a price; what is nothing but noise is none.
        if abs(exact - pico) > noise * scale or (price and not pico):
            raise ValueError(say("a price must be a whole number of pico-USD per token"))
    return _within_64_bits(pico)


def _within_64_bits(units: int) -> int:
    if abs(units) > WHOLE_MAX:
        raise ValueError(say("too large a number"))
    return units


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponents: 100 stays 100, not 1E+2."""
    value = value.normalize()
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else value
