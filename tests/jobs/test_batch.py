"""posology batch: tables in, drafts out, once each."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from posology.errors import ChartError, NotAllowed, NotFound, RequestError
from posology.review.batch import COLUMNS, account_of, ask_row, outcome_of, read_batch, write_draft
from posology.review.charts import ChartUpload, store_chart
from posology.review.drafting import run_job
from posology.review.jobs import job_of
from posology.store import SYSTEM, MasterKeys, Role, init_store, new_key_file, open_store
from posology.store.schema import charts, jobs, packets, users
from posology.store.verification import verify_store


@pytest.fixture
def table(tmp_path, case):
    """Write a table of one good row, and what else is given."""
    (tmp_path / "a.json").write_bytes(case.chart)

    def write(*more, header="chart,service,date"):
        service = f"{case.service.system}:{case.service.code}"
        lines = [header, f"a.json,{service},{case.day}", *more]
        path = tmp_path / "many.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


HEADERS = [
    ("chart,servce,date", "did you mean 'service'", "a misspelt column names the nearest one"),
    ("chart,service,date,colour", "known columns", "an unknown column lists the known ones"),
    ("chart,date", "'service' is missing", "a needed column is named"),
    ("chart,service,date,date", "twice", "a column twice could mean either"),
    ("Chart,service,date", "did you mean 'chart'", "names are as they are written"),
]


@pytest.mark.parametrize(("header", "words", "why"), HEADERS, ids=[why for *_, why in HEADERS])
def test_a_header_that_is_not_right_is_refused_as_a_whole(tmp_path, header, words, why):
    path = tmp_path / "many.csv"
    path.write_text(header + "\n", encoding="utf-8")
    with pytest.raises(RequestError, match=words):
        read_batch(path)


ROWS = [
    (",HCPCS:E0601,2024-01-02", "chart is empty"),
    ("a.json,E0601,2024-01-02", "SYSTEM:CODE"),
    ("a.json,HCPCS:E0601,02.01.2024", "YYYY-MM-DD"),
    ("a.json,HCPCS:E0601,2024-02-30", "YYYY-MM-DD"),
    ("a.json,HCPCS:E0601", "not as many cells"),
    ("a.json,HCPCS:E0601,2024-01-02,x", "not as many cells"),
]


@pytest.mark.parametrize(("row", "words"), ROWS)
def test_a_row_that_is_not_right_is_rejected_with_its_line_and_the_others_stay(table, row, words):
    rows, (rejected,) = read_batch(table(row))
    assert [one.number for one in rows] == [2]
    assert rejected.number == 3
    assert words in rejected.reason


def test_what_a_row_names_is_asked(tmp_path, table, case):
    (tmp_path / "ask.yaml").write_text("side: left\n", encoding="utf-8")
    path = table(
        "a.json,HCPCS:E0601,2024-01-02,some-policy,Some Payer,ask.yaml",
        "a.json,HCPCS:E0601,2024-01-02,,,",
        "a.json,HCPCS:E0601,2024-01-02,,,gone.yaml",
        header=",".join(COLUMNS),
    )
    path.write_text(path.read_text(encoding="utf-8").replace(f"{case.day}\n", f"{case.day},,,\n"), "utf-8")
    rows, (rejected,) = read_batch(path)
    full, bare = rows[1].request, rows[2].request
    assert (full.policy_id, full.payer, full.details.side) == ("some-policy", "Some Payer", "left")
    assert (bare.policy_id, bare.payer, bare.details.side) == (None, None, None)
    assert "gone.yaml" in rejected.reason


def test_a_table_without_rows_is_refused(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("chart,service,date\n", encoding="utf-8")
    with pytest.raises(RequestError, match="holds no row"):
        read_batch(path)


def counted(store, table):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_asking_for_the_same_again_stores_and_drafts_nothing_twice(store, clinician, bench, table):
    rows, _ = read_batch(table())
    first = ask_row(store, clinician, rows[0])
    run_job(bench, first.job_id, last=False)
    again = ask_row(store, clinician, rows[0])
    assert (again.job_id, again.known, first.known) == (first.job_id, True, False)
    assert (counted(store, charts), counted(store, packets)) == (1, 1)
    assert outcome_of(store, again).conclusion == outcome_of(store, first).conclusion != ""


def test_a_batch_that_was_killed_between_chart_and_job_drafts_once(store, clinician, bench, table, case):
    rows, _ = read_batch(table())
    store_chart(store, clinician, ChartUpload((("a.json", case.chart),)))  # and then the power went
    asked = ask_row(store, clinician, rows[0])
    run_job(bench, asked.job_id, last=False)
    assert ask_row(store, clinician, rows[0]).job_id == asked.job_id
    assert counted(store, packets) == 1


def test_a_chart_that_changed_is_another_draft(store, clinician, table, case, tmp_path):
    rows, _ = read_batch(table())
    first = ask_row(store, clinician, rows[0])
    (tmp_path / "a.json").write_bytes(case.chart + b"\n")
    assert ask_row(store, clinician, rows[0]).job_id != first.job_id


def test_a_folder_is_one_chart(store, clinician, table, case, tmp_path):
    folder = tmp_path / "folder" / "notes"
    folder.mkdir(parents=True)
    (folder.parent / "chart.json").write_bytes(case.chart)
    (folder / "visit.txt").write_text("Seen on 2023-11-02. Doing well.", encoding="utf-8")
    rows, _ = read_batch(table("folder,HCPCS:E0601,2024-01-02"))
    asked = ask_row(store, clinician, rows[1])
    with store.read() as connection:
        query = select(charts.c.files).where(charts.c.id == job_of(store, asked.job_id).chart_id)
        assert connection.execute(query).scalar_one() == 2


def test_a_chart_that_cannot_be_read_is_a_reason(sqlite_store, people, table, tmp_path):
    actor = people(sqlite_store, "ada")
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    rows, _ = read_batch(table("gone.json,HCPCS:E0601,2024-01-02", "bad.json,HCPCS:E0601,2024-01-02"))
    for row, words in zip(rows[1:], ("cannot be read", "no FHIR resource"), strict=True):
        with pytest.raises(ChartError, match=words):
            ask_row(sqlite_store, actor, row)


def test_a_failed_draft_is_tried_again_by_the_next_batch(store, clinician, bench, table):
    rows, _ = read_batch(table("a.json,HCPCS:ZZZZZ,2024-01-02"))
    asked = ask_row(store, clinician, rows[1])
    run_job(bench, asked.job_id, last=False)
    assert job_of(store, asked.job_id).state == "failed"
    assert ask_row(store, clinician, rows[1]).job_id == asked.job_id
    assert job_of(store, asked.job_id).state == "queued"


def test_a_batch_is_asked_for_by_an_account_that_may(sqlite_store, people, table):
    people(sqlite_store, "ada")
    auditor = people(sqlite_store, "eve", Role.AUDITOR)
    assert account_of(sqlite_store, "Ada").role == "clinician"
    with pytest.raises(NotFound, match="no such account"):
        account_of(sqlite_store, "nobody")
    with sqlite_store.write(SYSTEM) as w:
        w.update(users, auditor.id, {"disabled": 1})
        w.record("user.disabled", details={"user": auditor.id})
    with pytest.raises(NotAllowed, match="disabled"):
        account_of(sqlite_store, "eve")


def test_a_packet_is_written_to_a_folder_and_that_is_on_the_record(store, clinician, bench, table, tmp_path):
    rows, _ = read_batch(table())
    asked = ask_row(store, clinician, rows[0])
    run_job(bench, asked.job_id, last=False)
    write_draft(store, clinician, job_of(store, asked.job_id).packet_id, tmp_path / "packet")
    assert json.loads((tmp_path / "packet" / "packet.json").read_bytes())["posology"] == "packet/1"
    assert (tmp_path / "packet" / "letter.pdf").read_bytes().startswith(b"%PDF")
    assert verify_store(store).ok


@pytest.fixture
def site_folder(tmp_path, people):
    keys = new_key_file(tmp_path / "key")
    store = init_store(f"sqlite:///{tmp_path / 'posology.db'}", keys)
    people(store, "ada")
    store.close()
    return tmp_path, keys


def batch_process(folder, *options):
    script = "import sys; from posology.cli import main; sys.argv[0] = 'posology'; main()"
    command = [
        sys.executable,
        "-c",
        script,
        "batch",
        "many.csv",
        "--as",
        "ada",
        "--profile",
        "rules",
        *options,
    ]
    environ = os.environ | {"POSOLOGY_KEY_FILE": str(folder / "key")}
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run_batch(folder, *options):
    with batch_process(folder, *options) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_a_batch_from_the_command_line_drafts_and_reports(site_folder, table):
    folder, keys = site_folder
    table("gone.json,HCPCS:E0601,2024-01-02", "a.json,HCPCS:ZZZZZ,2024-01-02")
    asked = run_batch(folder, "--no-wait", "--json")
    assert asked.returncode == 2, asked.stderr
    assert [row["state"] for row in json.loads(asked.stdout)["rows"]] == ["queued", "queued"]
    done = run_batch(folder, "--out", "out", "--json")
    report = json.loads(done.stdout)
    assert [(row["row"], row["state"]) for row in report["rows"]] == [(2, "done"), (4, "failed")]
    assert [row["row"] for row in report["rejected"]] == [3]
    packet = report["rows"][0]["packet"]
    assert (folder / "out" / packet / "letter.pdf").is_file()
    assert len((folder / "out" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    store = open_store(f"sqlite:///{folder / 'posology.db'}", MasterKeys(keys.keys))
    assert counted(store, packets) == 1
    assert verify_store(store).ok
    store.close()


def test_a_batch_that_is_interrupted_leaves_the_rest_queued(site_folder, table, case):
    folder, keys = site_folder
    service = f"{case.service.system}:{case.service.code}"
    table(*(f"a.json,{service},{case.day.replace(day=day)}" for day in range(3, 23)))
    store = open_store(f"sqlite:///{folder / 'posology.db'}", keys)
    with batch_process(folder) as process:
        until = time.monotonic() + 30
        while not counted(store, packets):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=40)
    assert process.returncode == 130
    assert "stay queued" in said
    with store.read() as connection:
        states = set(connection.execute(select(jobs.c.state)).scalars())
    assert states == {"done", "queued"}
    assert verify_store(store).ok
    store.close()
