"""The console speaks the operator's language, too."""


def test_an_operator_may_choose_a_language(olgas) -> None:
    olgas.post("/language?next=/operator", data={"locale": "zh"})
    assert 'lang="zh-Hans"' in olgas.get("/operator").text
