"""The operator's taxes over the API."""

import pytest

TAXES = "/v1/billing/operator/taxes"


class TestTaxes:
    def test_are_set_listed_and_removed(self, client, by_olga) -> None:
        answer = client.put(f"{TAXES}/de", json={"name": "USt", "percent": 19}, headers=by_olga)
        assert answer.status_code == 200
        assert (answer.json["country"], answer.json["percent"]) == ("DE", 19)
        client.put(f"{TAXES}/CH", json={"name": "MwSt", "percent": 8.1}, headers=by_olga)
        listed = client.get(TAXES, headers=by_olga).json["taxes"]
        assert [(tax["country"], tax["percent"]) for tax in listed] == [("CH", 8.1), ("DE", 19)]
        left = client.delete(f"{TAXES}/DE", headers=by_olga)
        assert [tax["country"] for tax in left.json["taxes"]] == ["CH"]
        again = client.delete(f"{TAXES}/DE", headers=by_olga)
        assert (again.status_code, again.json["code"]) == (404, "unknown_tax")

    @pytest.mark.parametrize(
        ("country", "body", "code"),
        [
            ("DE", {"name": "USt"}, "field_missing"),
            ("DE", {"name": "USt", "percent": "19"}, "percent_invalid"),
            ("DE", {"name": "USt", "percent": 19.001}, "percent_invalid"),
            ("DE", {"name": "USt", "percent": 101}, "percent_invalid"),
            ("DE", {"name": " ", "percent": 19}, "name_invalid"),
            ("DEU", {"name": "USt", "percent": 19}, "country_invalid"),
            ("%00%00", {"name": "USt", "percent": 19}, "country_invalid"),
        ],
    )
    def test_refuse(self, client, by_olga, country, body, code) -> None:
        answer = client.put(f"{TAXES}/{country}", json=body, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (422, code)

    def test_are_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert client.get(TAXES, headers=header).status_code == 403
            assert client.put(f"{TAXES}/DE", json={}, headers=header).status_code == 403
            assert client.delete(f"{TAXES}/DE", headers=header).status_code == 403
