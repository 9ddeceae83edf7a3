"""How long things are kept, and what is too short."""

import pytest

from app.config.reading import SettingError
from app.config.retention import Retention, read_retention


class TestReadRetention:
    def test_keeps_as_long_as_is_sensible(self) -> None:
        assert read_retention({}) == Retention(
            usage_records_months=25,
            mails_months=24,
            journal_months=120,
            sign_ins_days=90,
            webhooks_days=90,
        )

    def test_takes_what_is_set(self) -> None:
        kept = read_retention({"KEEP_USAGE_MONTHS": "3", "KEEP_MAILS_MONTHS": "0"})
        assert (kept.usage_records_months, kept.mails_months) == (3, 0)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("KEEP_USAGE_MONTHS", "2"),
            ("KEEP_JOURNAL_MONTHS", "119"),
            ("KEEP_WEBHOOKS_DAYS", "6"),
            ("KEEP_SIGN_INS_DAYS", "-1"),
            ("KEEP_MAILS_MONTHS", "3651"),
        ],
    )
    def test_names_what_is_too_short(self, name: str, value: str) -> None:
        with pytest.raises(SettingError, match=f"^{name} must be"):
            read_retention({name: value})
