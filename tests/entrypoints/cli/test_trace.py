"""Usage traces as they are published."""

import gzip
from datetime import UTC, datetime

import pytest

from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.trace import count_records, moment_of, read_records

PUBLISHED = (
    "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type,Request Id,Source\n"
    "2023-11-16T18:15:46.6805900Z,azure-conv,374,44,418,Conversation log,az-conv-00013,Azure\n"
    '2023-11-16T18:15:50Z,"a,b/c:free",1,,1,API log,az-conv-7,Azure\n'
)
OURS = (
    "user_id,request_id,model,provider,prompt_tokens,completion_tokens,total_tokens,cached_tokens,"
    "cache_write_tokens,reasoning_tokens,occurred_at,api_key_alias\n"
    "ada,r-1,gpt-4,openai,10,5,15,4,2,1,2026-11-05T10:00:00Z,prod\n"
    "ben,r-2,gpt-4,,10,5,,,,,,\n"
)


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes, name: str = "trace.csv"):
        file = tmp_path / name
        encoded = text if isinstance(text, bytes) else text.encode()
        file.write_bytes(gzip.compress(encoded) if name.endswith(".gz") else encoded)
        return file

    return write


class TestReadRecords:
    @pytest.mark.parametrize("name", ["trace.csv", "trace.csv.gz"])
    def test_reads_published_traces(self, written, name) -> None:
        file = written(PUBLISHED, name)
        first, second = read_records(file, user_id=None)
        assert first == {
            "user_id": "acct-3",
            "request_id": "az-conv-00013",
            "model": "azure-conv",
            "prompt_tokens": 374,
            "completion_tokens": 44,
            "total_tokens": 418,
            "occurred_at": "2023-11-16T18:15:46.6805900Z",
        }
        assert (second["user_id"], second["model"]) == ("acct-7", "a,b/c:free")
        assert "completion_tokens" not in second
        assert count_records(file) == 2

    def test_reads_our_own_field_names(self, written) -> None:
        first, second = read_records(written("\ufeff" + OURS), user_id=None)
        assert first == {
            "user_id": "ada",
            "request_id": "r-1",
            "model": "gpt-4",
            "provider": "openai",
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "cached_tokens": 4,
            "cache_write_tokens": 2,
            "reasoning_tokens": 1,
            "occurred_at": "2026-11-05T10:00:00Z",
            "api_key_alias": "prod",
        }
        assert second.keys() == {
            "user_id", "request_id", "model", "prompt_tokens", "completion_tokens",
        }  # fmt: skip

    def test_takes_one_account_for_all_if_told(self, written) -> None:
        users = {record["user_id"] for record in read_records(written(OURS), user_id="ada")}
        assert users == {"ada"}

    def test_posts_what_is_no_number_as_it_stands(self, written) -> None:
        [record] = read_records(
            written("request_id,model,prompt_tokens,completion_tokens\nr1,m,-3,few\n"),
            user_id="ada",
        )
        assert (record["prompt_tokens"], record["completion_tokens"]) == ("-3", "few")

    @pytest.mark.parametrize(
        ("text", "name", "message"),
        [
            ("", "trace.csv", "no column for request_id"),
            ("Model,Request Id\n", "trace.csv", "no column for prompt_tokens"),
            (b"\xff\xfe", "trace.csv", "not a whole CSV file"),
            ("request_id,model,prompt_tokens,completion_tokens\na,m,1,1\n", "t.csv", "Line 2:"),
        ],
    )
    def test_refuses_what_is_no_trace(self, written, text, name, message) -> None:
        with pytest.raises(Failed, match=message):
            list(read_records(written(text, name), user_id=None))

    def test_refuses_a_file_that_is_cut_off_or_away(self, written, tmp_path) -> None:
        whole = written(PUBLISHED * 50, "trace.csv.gz")
        whole.write_bytes(whole.read_bytes()[:-20])
        with pytest.raises(Failed, match="not a whole CSV file"):
            list(read_records(whole, user_id="ada"))
        with pytest.raises(Failed, match="cannot be read"):
            count_records(tmp_path / "nowhere.csv")


class TestMomentOf:
    def test_reads_more_digits_than_we_keep(self) -> None:
        moment = moment_of({"request_id": "r", "occurred_at": "2023-11-16T18:15:46.6805900Z"})
        assert moment == datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC)

    def test_refuses_what_is_none(self) -> None:
        with pytest.raises(Failed, match="r-9: 'soon' is no moment"):
            moment_of({"request_id": "r-9", "occurred_at": "soon"})
