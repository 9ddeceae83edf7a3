"""By which hosts we may be asked for, and into whose hands our own folder may come."""

from pathlib import Path

import pytest

from app.config import Settings, read_settings
from app.config.reading import SettingError
from tests.test_config import PRODUCTION


@pytest.fixture
def read(tmp_path: Path):
    def read(**given: str) -> Settings:
        return read_settings({"INSTANCE_DIR": str(tmp_path), **given})

    return read


class TestHosts:
    def test_are_any_in_development(self, read) -> None:
        assert read().trusted_hosts == ()

    def test_are_ours_and_this_machines_in_production(self, read) -> None:
        hosts = read(**PRODUCTION, TRUSTED_HOSTS="10.0.0.7, billing.internal").trusted_hosts
        ours, *others = hosts
        assert ours == "billing.example.com"
        assert others == ["localhost", "127.0.0.1", "[::1]", "10.0.0.7", "billing.internal"]

    @pytest.mark.parametrize("given", ["http://x", "a/b", "a b", "*"])
    def test_are_hosts(self, read, given: str) -> None:
        with pytest.raises(SettingError, match="TRUSTED_HOSTS"):
            read(TRUSTED_HOSTS=given)


def test_refuses_a_folder_that_everyone_may_write(read, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(SettingError, match=r"INSTANCE_DIR .* chmod o-w"):
        read(**PRODUCTION)
    read()
    tmp_path.chmod(0o755)
    assert read(**PRODUCTION).production
