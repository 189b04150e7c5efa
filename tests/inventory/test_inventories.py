"""Inventories of data: every row of every format matched or listed, and bad input that costs nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coverage.frames import checked
from coverage.inputs import inputs_of
from coverage.inventory.files.elastic import words_of
from coverage.inventory.files.reading import read_file
from coverage.inventory.files.seam import moment_of, number_of
from coverage.inventory.frames import INVENTORY
from coverage.inventory.reading import Inventories, read_inventories
from coverage.inventory.saving import ListedSource, data_toml, sources_csv
from coverage.loaders import corpus_sources, load
from coverage.loaders.frames import PROBLEMS
from coverage.log_sources import read_log_sources
from coverage.project.settings import DataSetting, Settings, SettingsError, read_settings

FIXTURES = Path(__file__).parents[1] / "fixtures" / "inventory"
TABLE = read_log_sources()


def read(path: Path, **options) -> Inventories:
    found = read_inventories(
        Settings(data=(DataSetting("ours", (str(path),), **options),)), start=path.parent, table=TABLE
    )
    checked(found.rows, INVENTORY)
    checked(found.problems, PROBLEMS)
    assert [one.rows for one in found.files] == [len(found.rows)]
    assert [one.matched for one in found.files] == [int(found.rows["matched"].sum())]
    return found


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(found: Inventories, *columns: str) -> list[tuple]:
    return list(zip(*(found.rows[name].tolist() for name in columns), strict=True))


def said(found: Inventories) -> list[tuple]:
    frame = found.problems
    lines = [None if pd.isna(line) else int(line) for line in frame["line"]]
    return list(zip(lines, frame["severity"].tolist(), frame["code"].tolist(), strict=True))


# ---- formats, counted by hand --------------------------------------------------------------------------


def test_elastic_data_streams():
    found = read(FIXTURES / "data_streams.json")
    assert rows(found, "place", "word", "sources", "volume", "state", "matched") == [
        (
            "data_streams[0]",
            "logs-endpoint.events.process-default",
            ("Elastic Defend",),
            3000,
            "arrives",
            True,
        ),
        ("data_streams[1]", "logs-aws.cloudtrail-prod", ("AWS:CloudTrail",), 986, "arrives", True),
        ("data_streams[2]", "logs-okta.system-default", ("saas:okta",), 225, "stale", True),
        ("data_streams[3]", "logs-zoom.webhook-default", (), 0, "missing", False),
        ("data_streams[4]", "logs-acme.turnstile-default", (), 0, "arrives", False),
    ]
    assert found.rows["last_event"][0] == datetime(2026, 11, 24, 6)
    assert found.rows["unit"].unique().tolist() == ["bytes"] and said(found) == []
    assert (found.files[0].as_of, found.files[0].complete) == (date(2026, 11, 24), True)
    assert found.unmatched["word"].tolist() == ["logs-zoom.webhook-default", "logs-acme.turnstile-default"]


def test_elastic_indices_as_printed():
    found = read(FIXTURES / "cat_indices.txt")
    assert rows(found, "place", "word", "volume", "state") == [
        ("2", "logs-endpoint.events.process-default", 1536, "arrives"),
        ("3", "logs-endpoint.events.process-default", 2.5 * 1024**2, "arrives"),
        ("4", "winlogbeat-8.11.0-2026.11.20", 225, "missing"),
        ("5", "auditbeat-7.17.0-2025.01.01", pytest.approx(float("nan"), nan_ok=True), "missing"),
    ]


def test_elastic_indices_as_json_and_without_a_header_say_the_same(tmp_path):
    lines = (FIXTURES / "cat_indices.txt").read_text().splitlines()
    names = lines[0].split()
    bare = written(tmp_path / "cat", "\n".join(lines[1:]))
    objects = [dict(zip(names, line.split(), strict=False)) for line in lines[1:] if " close " not in line]
    as_json = written(tmp_path / "cat.json", json.dumps(objects))
    columns = ("word", "volume", "unit", "state", "sources")
    printed = rows(read(FIXTURES / "cat_indices.txt"), *columns)
    assert [row[0] for row in rows(read(bare), *columns)] == [row[0] for row in printed]
    assert rows(read(as_json), *columns) == printed[:3]


def test_a_list_of_index_names(tmp_path):
    found = read(FIXTURES / "indices.txt")
    assert rows(found, "place", "components", "state", "matched") == [
        ("2", ("Network Connection Creation",), "arrives", True),
        ("3", (), "arrives", True),
        ("4", (), "arrives", False),  # filebeat-* carries any log, so it tells nothing
    ]
    names = written(tmp_path / "names.json", json.dumps(found.rows["word"].tolist()))
    assert rows(read(names), "word", "sources") == rows(found, "word", "sources")


def test_splunk_counts():
    found = read(FIXTURES / "splunk_tstats.csv")
    assert rows(found, "place", "kind", "word", "sources", "systems", "volume", "state") == [
        (
            "2",
            "windows_channel",
            "Microsoft-Windows-Sysmon/Operational",
            ("WinEventLog:Sysmon",),
            ("index win",),
            12345,
            "arrives",
        ),
        ("3", "windows_channel", "Security", ("WinEventLog:Security",), ("index win",), 100, "arrives"),
        ("4", "splunk_sourcetype", "aws:cloudtrail", ("AWS:CloudTrail",), ("index aws",), 7, "arrives"),
        ("6", "splunk_sourcetype", "acme:turnstile", (), ("index lab",), 0, "missing"),
    ]
    assert said(found) == [(5, "note", "duplicate-row")]
    as_json = read(FIXTURES / "splunk_results.json")
    assert rows(as_json, "place", "word", "volume", "state") == [
        ("result", "aws:cloudtrail", 7, "arrives"),
        ("[1].result", "auditd", 0, "missing"),
    ]


def test_splunk_metadata_and_a_date_that_is_none():
    found = read(FIXTURES / "splunk_metadata.csv")
    assert rows(found, "word", "volume", "state") == [
        ("aws:cloudtrail", 500, "arrives"),
        ("auditd", 20, "stale"),
        ("access_combined", 3, "arrives"),
    ]
    assert said(found) == [(4, "warning", "bad-date")]


def test_sentinel_usage_is_summed():
    found = read(FIXTURES / "sentinel_usage.csv")  # with a byte order mark
    assert rows(found, "place", "word", "volume", "state", "matched") == [
        ("2", "SigninLogs", 3.75, "arrives", True),
        ("4", "DeviceProcessEvents", 40, "arrives", True),
        ("5", "OfficeActivity", 9, "stale", True),
        ("6", "AcmeTurnstile_CL", 1, "arrives", False),
    ]
    assert found.rows["last_event"][0] == datetime(2026, 11, 21, 13)


def test_dettect():
    found = read(FIXTURES / "dettect.yaml")
    assert rows(found, "place", "components", "platforms", "systems", "quality", "state")[:3] == [
        # (2 x 4 + 2 x 3 + 2 + 1 + 2 x 5) / 8
        (
            "data_sources[0].data_source[0]",
            ("Process Creation",),
            ("Windows",),
            ("Laptops",),
            27 / 8,
            "arrives",
        ),
        ("data_sources[0].data_source[1]", ("Process Creation",), ("Linux",), ("Servers",), 0, "missing"),
        # (2 x 5 + 2 x 0 + 0 + 1 + 2 x 0) / 8
        (
            "data_sources[1].data_source[0]",
            ("Command Execution",),
            (),
            ("Laptops", "Servers", "Everything"),
            11 / 8,
            "arrives",
        ),
    ]
    assert rows(found, "word", "matched", "nearest", "state")[3:] == [
        ("Procss Creation", False, "Process Creation", "missing")
    ]
    assert said(found) == [
        (26, "warning", "bad-number"),
        (26, "warning", "bad-number"),
        (26, "warning", "bad-number"),
        (29, "warning", "unknown-system"),
        (30, "warning", "wrong-type"),
    ]


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "count", "platforms"),
    [
        ("endpoints", 17, ("Windows", "Linux")),
        ("mobile", 1, ("Android", "iOS")),
        ("ics", 3, ("Engineering Workstation",)),
    ],
)
def test_every_row_of_dettects_samples_is_matched(shared, name, count, platforms):
    path = shared("threat", f"dettect/data-sources-{name}.yaml")
    assert path.read_text(encoding="utf-8").count("available_for_data_analytics: true") == count
    found = read(path)
    assert found.rows["matched"].tolist() == [True] * count and said(found) == []
    assert found.rows["quality"].tolist() == [1.0] * count  # the samples give 1 everywhere
    assert found.files[0].platforms == platforms and found.files[0].complete
    assert all(found.rows["components"].map(len) == 1)


def test_an_own_table():
    found = read(FIXTURES / "own.csv")
    assert rows(found, "kind", "word", "components", "platforms", "systems", "state", "matched") == [
        ("attack", "AWS:CloudTrail", (), ("IaaS",), (), "arrives", True),
        (
            "sentinel_table",
            "SigninLogs",
            ("User Account Authentication", "Logon Session Creation"),
            (),
            ("tenant A", "tenant B"),
            "arrives",
            True,
        ),
        ("dettect", "process creation", ("Process Creation",), ("Windows", "Linux"), (), "missing", True),
        ("integration", "auditd", (), ("Linux",), (), "arrives", True),
        ("attack", "AWS:CloudTrial", (), (), (), "arrives", False),
    ]
    assert rows(found, "volume", "unit", "quality", "nearest")[0][:3] == (10, "GB", 4.5)
    assert found.rows["nearest"][4] == "AWS:CloudTrail"
    assert said(found) == [
        (7, "warning", "no-name"),
        (8, "warning", "bad-value"),
        (9, "warning", "bad-value"),
    ]
    assert not found.files[0].complete


# ---- words that rules use ------------------------------------------------------------------------------


def _telling(kind: str) -> list[str]:
    found = (row for row in TABLE.rows if row.kind == kind and (row.sources or row.components))
    return [row.word for row in found if not set(row.word) & set("*?[")]


def test_every_listed_table_sourcetype_and_dataset_is_matched_in_an_export(tmp_path):
    """Inventories made of the words of the table: each row carries what its word does."""
    tables = [f"2026-11-20T10:00:00Z,{word},1" for word in _telling("sentinel_table")]
    usage = written(tmp_path / "usage.csv", "TimeGenerated,DataType,Quantity\n" + "\n".join(tables))
    types = [f'main,"{word}",3' for word in _telling("splunk_sourcetype")]
    tstats = written(tmp_path / "tstats.csv", "index,sourcetype,count\n" + "\n".join(types))
    streams = [{"data_stream": f"logs-{word}-default"} for word in _telling("integration") if "." in word]
    stats = written(tmp_path / "stats.json", json.dumps({"data_streams": streams}))
    for path, made in ((usage, tables), (tstats, types), (stats, streams)):
        found = read(path)
        assert len(found.rows) == len(made) >= 5, path
        assert (
            found.unmatched.empty
            and (found.rows["sources"].map(len) + found.rows["components"].map(len) > 0).all()
        )


@pytest.mark.corpora
def test_every_index_that_the_corpora_read_is_matched_or_listed(shared, tmp_path):
    """A stream for each index pattern of some of Elastic's rules carries what the table says."""
    rules = load(corpus_sources([str(shared("corpora", "elastic/rules/cross-platform"))])).rules
    used = {word for words in rules["log_words"] for word in words if word.startswith("index:")}
    patterns = sorted(word.removeprefix("index:") for word in used if " " not in word)
    names = {pattern: pattern.replace("*", "default") for pattern in patterns if not pattern.startswith(".")}
    found = read(written(tmp_path / "names.txt", "\n".join(names.values())))
    assert len(patterns) > 20 and found.rows["word"].tolist() == list(names.values())
    for pattern, (word, sources, components, matched) in zip(
        names, rows(found, "word", "sources", "components", "matched"), strict=True
    ):
        row = TABLE.row_of("index", word)
        telling = row is not None and bool(row.sources or row.components)
        assert fnmatchcase(word, pattern) and (matched or not telling), pattern
        if telling:
            assert (sources, components) == (row.sources, row.components), pattern
    assert found.rows["matched"].mean() > 0.7


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (
            ".ds-logs-aws.cloudtrail-prod-2026.11.01-000042",
            (
                ("index", "logs-aws.cloudtrail-prod"),
                ("integration", "aws.cloudtrail"),
                ("integration", "aws"),
            ),
        ),
        (
            "metrics-system.cpu-x",
            (("index", "metrics-system.cpu-x"), ("integration", "system.cpu"), ("integration", "system")),
        ),
        ("winlogbeat-8", (("index", "winlogbeat-8"),)),
    ],
)
def test_what_an_index_may_be_called(index, words):
    assert words_of(index) == words


# ---- staleness, platforms, completeness ----------------------------------------------------------------


def test_stale_is_relative_to_the_newest_event_or_a_day(tmp_path):
    path = written(
        tmp_path / "m.csv", "sourcetype,lastTime,count\naws:cloudtrail,2026-11-20,1\nauditd,2026-11-10,1\n"
    )
    assert read(path).rows["state"].tolist() == ["arrives", "arrives"]
    assert read(path, stale_after=9).rows["state"].tolist() == ["arrives", "stale"]
    assert read(path, stale_after=10).rows["state"].tolist() == ["arrives", "arrives"]
    late = read(path, as_of=date(2026, 12, 15))
    assert late.rows["state"].tolist() == ["arrives", "stale"] and late.files[0].as_of == date(2026, 12, 15)


def test_platforms_of_an_inventory_narrow_those_of_words_and_never_add_to_them():
    found = read(FIXTURES / "splunk_metadata.csv", platforms=("Windows", "Linux"))
    assert found.rows["platforms"].tolist() == [("Windows", "Linux"), ("Linux",), ("Windows", "Linux")]
    assert found.files[0].platforms == ("Windows", "Linux")
    assert read(FIXTURES / "splunk_metadata.csv").files[0].platforms == ()


def test_a_damaged_file_is_never_complete(tmp_path):
    good = [json.dumps({"sourcetype": word, "count": 1}) for word in ("auditd", "aws:cloudtrail")]
    bad = "\n".join([good[0], '{"sourcetype": ', good[1]])
    found = read(written(tmp_path / "x.json", bad), complete=True)
    assert found.rows["word"].tolist() == ["auditd", "aws:cloudtrail"]
    assert not found.files[0].complete and said(found) == [(2, "error", "bad-json")]
    assert not read(FIXTURES / "splunk_tstats.csv", complete=False).files[0].complete
    assert read(FIXTURES / "own.csv", complete=True).files[0].complete


# ---- bad input -----------------------------------------------------------------------------------------

GOOD = "index,sourcetype,count\naws,aws:cloudtrail,1\n"


@pytest.mark.parametrize(
    ("name", "content", "rows_read", "problem"),
    [
        ("gone.csv", None, 0, (None, "error", "unreadable-file")),
        ("empty.csv", "", 0, (None, "note", "empty-file")),
        ("cut.json", '{"data_streams": [{"data_stream": "logs-a.b-c"', 0, (1, "error", "bad-json")),
        ("cut.yaml", "file_type: [data-source", 0, (2, "error", "bad-yaml")),
        ("columns.csv", "host,size\na,1\n", 0, (None, "error", "unknown-format")),
        ("other.yaml", "title: a rule\n", 0, (None, "error", "unknown-format")),
        ("other.json", '{"took": 3}', 0, (None, "error", "unknown-format")),
        ("prose.txt", "these are some words\nand more of them here\n", 0, (None, "error", "unknown-format")),
        ("head.csv", "index,sourcetype,count\n", 0, (None, "warning", "no-rows")),
        ("binary.csv", b"\xff\x00\x01\x02", 0, (1, "error", "not-utf8")),
        ("latin.csv", GOOD.encode() + "lab,caf\xe9,1\n".encode("latin-1"), 2, (3, "warning", "not-utf8")),
        ("wide.csv", GOOD.encode("utf-16"), 1, (1, "warning", "not-utf8")),
        ("mark.csv", b"\xef\xbb\xbf" + GOOD.encode(), 1, None),
        ("semicolons.csv", GOOD.replace(",", ";"), 1, None),
        ("huge.csv", GOOD + f"x,auditd,{'9' * 400}\n", 2, (3, "warning", "bad-number")),
        ("less.csv", GOOD + "x,auditd,-1\n", 2, (3, "warning", "bad-number")),
        ("nameless.csv", GOOD + "x,,4\n", 1, (3, "warning", "no-name")),
        ("short.csv", GOOD + "x\n", 1, (3, "warning", "no-name")),
        (
            "far.json",
            '{"data_streams": [{"data_stream": "logs-a.b-c", "maximum_timestamp": 1e300}]}',
            1,
            (1, "warning", "bad-date"),
        ),
        ("kinds.json", '{"data_streams": [3, {"data_stream": "logs-a.b-c"}]}', 1, (1, "warning", "no-name")),
        ("no-list.json", '{"data_streams": {"a": 1}}', 0, (1, "error", "wrong-type")),
        ("no-list.yaml", "file_type: data-source-administration\n", 0, (1, "error", "wrong-type")),
    ],
)
def test_bad_input_says_where_and_why_and_costs_no_other_file(tmp_path, name, content, rows_read, problem):
    if content is not None:
        written(tmp_path / name, content)
    written(tmp_path / "good.csv", GOOD)
    asked = Settings(data=(DataSetting("one", (name, "good.csv")),), file=tmp_path / "coverage.toml")
    found = read_inventories(asked, table=TABLE)
    checked(found.rows, INVENTORY)
    assert found.rows["file"].value_counts().to_dict() == {
        **({name: rows_read} if rows_read else {}),
        "good.csv": 1,
    }
    assert said(found) == ([problem] if problem else [])
    assert set(found.problems["path"]) <= {name}


def test_untrusted_text_stays_data(tmp_path):
    words = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\u202eevil", "a" * 5000, "\ud83d\ude00"]
    cells = ['"' + word.encode("utf-8", "replace").decode() + '"' for word in words]
    path = written(tmp_path / "x.csv", "sourcetype,count\n" + "\n".join(f"{cell},1" for cell in cells))
    found = read(path)
    assert found.rows["word"].tolist() == [cell[1:-1] for cell in cells]
    assert not found.rows["matched"].any()


def test_thousands_of_bad_rows_are_counted(tmp_path):
    path = written(
        tmp_path / "x.csv",
        "sourcetype,count\n" + "auditd,many\n" * 3 + "a,b\n" * 0 + "".join(f"t{n},x\n" for n in range(500)),
    )
    found = read(path)
    assert len(found.rows) == 501 and len(found.problems) < 500
    assert "more-problems" in set(found.problems["code"])


_TEXTS = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
    st.lists(st.lists(st.text(alphabet='aw:.,"\n=0123456789-/', max_size=20), max_size=4), max_size=8).map(
        lambda lines: ("index,sourcetype,lastTime,count\n" + "\n".join(map(",".join, lines))).encode()
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "data_streams",
                        "data_stream",
                        "index",
                        "sourcetype",
                        "count",
                        "results",
                        "result",
                        "file_type",
                        "data_sources",
                        "data_source",
                        "data_source_name",
                        "systems",
                        "applicable_to",
                        "data_quality",
                        "maximum_timestamp",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    ).map(
        lambda value: (
            json.dumps(value)
            .replace('"file_type": ', '"file_type": "data-source-administration", "x": ')
            .encode()
        )
    ),
)


@given(content=_TEXTS, suffix=st.sampled_from([".csv", ".json", ".yaml", ".txt", ""]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_never_raises(tmp_path, content, suffix):
    path = written(tmp_path / f"any{suffix}", content)
    found = read(path)
    assert len(found.rows) == len(read_file(path).content.rows)
    assert set(found.rows["state"]) <= {"arrives", "missing", "stale"}


@given(moment=st.datetimes(datetime(1991, 1, 1), datetime(2199, 1, 1)), hours=st.integers(-12, 12))
def test_a_moment_is_the_same_in_every_spelling(moment, hours):
    second = moment.replace(microsecond=0)
    there = (second + timedelta(hours=hours)).isoformat() + f"{hours:+03d}:00"
    epoch = int(second.replace(tzinfo=UTC).timestamp())
    for text in (
        second.isoformat(),
        f"{second.isoformat()}.123Z",
        f"{second:%Y-%m-%d %H:%M:%S}",
        there,
        epoch,
        str(epoch),
        f"{second:%m/%d/%Y %H:%M:%S}",
        f"{second:%m/%d/%Y, %I:%M:%S}.000 {'AM' if second.hour < 12 else 'PM'}",
    ):
        assert moment_of(text) == second, text


@pytest.mark.parametrize(
    "value", ["", "now", "2026-13-01", "31/12/2026 10:00:00", "13:00", "nan", "-1", 1e300, True, [], None]
)
def test_what_is_no_moment(value):
    assert moment_of(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1,234.5", 1234.5),
        (7, 7),
        ("nan", None),
        (float("inf"), None),
        (True, None),
        ("-1", None),
        (10**400, None),
    ],
)
def test_numbers(value, number):
    assert number_of(value) == number


# ---- settings, files given, saving ---------------------------------------------------------------------


def test_settings_name_inventories(tmp_path):
    text = '[[data]]\nname = "siem"\nfiles = ["exports/a.csv"]\nplatforms = ["Windows"]\ncomplete = false\n'
    text += "stale_after = 7\nas_of = 2026-11-20\n"
    file = written(tmp_path / "coverage.toml", text)
    (one,) = read_settings(file).data
    assert one == DataSetting("siem", ("exports/a.csv",), ("Windows",), False, 7, date(2026, 11, 20))
    assert one.lines[("files", 0)] == 3
    (tmp_path / "exports").mkdir()
    written(tmp_path / "exports" / "a.csv", GOOD)
    before = inputs_of((), rules="", start=tmp_path)
    assert rows(read_inventories(read_settings(file)), "inventory", "file", "word") == [
        ("siem", "exports/a.csv", "aws:cloudtrail")
    ]
    written(tmp_path / "exports" / "a.csv", GOOD + "x,auditd,1\n")
    after = inputs_of((), rules="", start=tmp_path)
    assert before.data != after.data and before.digest != after.digest


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[data]]\nname = "x"\n', 1, "has no files"),
        ('[[data]]\nname = "x"\nfiles = []\n', 1, "names no files"),
        ('[[data]]\nfiles = ["a"]\n', 1, "has no name"),
        ('[[data]]\nname = "x"\nfiles = ["a"]\nstale_after = 0\n', 4, "is not a number from 1 to 10000"),
        ('[[data]]\nname = "x"\nfiles = ["a"]\nstale = 3\n', 4, "is not a setting"),
        ('[[data]]\nname = "x"\nfiles = ["a"]\nas_of = "soon"\n', 4, "not a date"),
        ('[[data]]\nname = "x"\nfiles = ["a"]\n[[data]]\nname = "x"\nfiles = ["b"]\n', 5, "two inventories"),
    ],
)
def test_a_wrong_setting_is_said_with_its_line(tmp_path, text, line, words):
    file = written(tmp_path / "coverage.toml", text)
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    assert str(caught.value).startswith(f"{file}:{line}: ") and words in str(caught.value)


def test_files_given_are_read_instead_and_several_of_one_name_stay_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "siem.csv", GOOD)
    asked = Settings(data=(DataSetting("other", ("nowhere.csv",)),))
    found = read_inventories(
        asked, ["a/siem.csv", Path("b/siem.csv"), "a/siem.csv"], start=tmp_path, table=TABLE
    )
    assert rows(found, "inventory", "file") == [("siem", "a/siem.csv"), ("b/siem.csv", "b/siem.csv")]
    assert found.problems.empty
    checked(found.rows, INVENTORY)


def test_a_saved_list_reads_back_as_it_was(tmp_path):
    listed = [
        ListedSource("WinEventLog:Sysmon", ("Windows",)),
        ListedSource("Process Creation", ("Linux", "Windows"), "missing"),
        ListedSource("AWS:CloudTrail"),
        ListedSource("AWS:CloudTrail"),
    ]
    written(tmp_path / "ours.csv", sources_csv(listed))
    file = written(
        tmp_path / "coverage.toml", data_toml('our "own"', ["ours.csv"], ["Linux", "Windows"], True)
    )
    found = read_inventories(read_settings(file), table=TABLE)
    assert rows(found, "inventory", "word", "platforms", "state", "matched") == [
        ('our "own"', "AWS:CloudTrail", ("Linux", "Windows"), "arrives", True),
        ('our "own"', "Process Creation", ("Linux", "Windows"), "missing", True),
        ('our "own"', "WinEventLog:Sysmon", ("Windows",), "arrives", True),
    ]
    assert found.problems.empty and found.files[0].complete
    assert sources_csv(reversed(listed)) == sources_csv(listed)


def test_a_saved_list_holds_no_formula(tmp_path):
    text = sources_csv([ListedSource("=1+1"), ListedSource("@x")])
    assert "\n'=1+1," in text and "\n'@x," in text
    assert read(written(tmp_path / "x.csv", text)).rows["word"].tolist() == ["=1+1", "@x"]
