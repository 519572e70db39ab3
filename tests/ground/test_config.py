"""Settings: what is accepted, what is refused, and how the refusal reads."""

from pathlib import Path

import pytest

from posology.addresses import is_inside
from posology.config import is_npi, load_settings, settings_record, settings_reference
from posology.errors import SettingsError


def inside(host: str, port: int) -> tuple[str, ...]:
    return ("10.1.2.3",)


def outside(host: str, port: int) -> tuple[str, ...]:
    return ("93.184.216.34",)


def nowhere(host: str, port: int) -> tuple[str, ...]:
    return ()


def write(folder: Path, text: str) -> Path:
    path = folder / "posology.toml"
    path.write_text(text, encoding="utf-8")
    return path


SERVER = """
[profile.mine]
writer = {{engine = "openai", base_url = "{url}", model = "m"}}
validator = {{engine = "none"}}
embedder = {{engine = "static"}}
{more}
"""


def test_without_a_file_the_embedded_profile_is_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={})
    assert (settings.profile_name, settings.source) == ("embedded", "built-in")
    assert settings.profile.writer.model == "judge-writer"


def test_the_profile_rules_names_no_model(tmp_path):
    profile = load_settings(write(tmp_path, ""), profile="rules", environ={}).profile
    engines = [profile.writer.engine, profile.validator.engine, profile.embedder.engine]
    assert engines == ["none", "none", "static"]


def test_profile_is_taken_from_argument_then_environment_then_file(tmp_path):
    path = write(tmp_path, 'default_profile = "workstation"')
    assert load_settings(path, environ={}).profile_name == "workstation"
    assert load_settings(path, environ={"POSOLOGY_PROFILE": "rules"}).profile_name == "rules"
    assert (
        load_settings(path, profile="embedded", environ={"POSOLOGY_PROFILE": "rules"}).profile_name
        == "embedded"
    )


def test_a_namesake_of_a_built_in_profile_changes_only_what_it_gives(tmp_path):
    path = write(tmp_path, '[profile.embedded]\nwriter = {engine = "none"}')
    profile = load_settings(path, environ={}).profile
    assert (profile.writer.engine, profile.validator.engine) == ("none", "embedded-checker")


REFUSED = [
    ("[practice]\nnmae = 'x'", "practice.nmae is no setting; did you mean 'name'?"),
    (
        "[profile.embedded]\nwriter = {engine = 'none', modle = 'x'}",
        "profile.embedded.writer.modle is no setting; did you mean 'model'?",
    ),
    (
        "[profile.embedded]\nwritter = {engine = 'none'}",
        "profile.embedded.writter is no setting; did you mean 'writer'?",
    ),
    ("qqqqqq = 1", "qqqqqq is no setting; known keys: default_profile, practice, profile"),
    ("[practice]\nnpi = '1234567890'", "practice.npi: not an NPI"),
    ("[practice]\nnpi = 1234567893", "practice.npi: Input should be a valid string"),
    ("[practice]\nphone = 'call us'", "practice.phone: not a telephone number"),
    ("[practice]\ntax_id = '12'", "practice.tax_id: not a tax identification number"),
    ("[practice]\nemail = 'x'", "practice.email: not an e-mail address"),
    ("[profile.mine]\nwriter = {engine = 'none'}", "profile.mine.validator is missing"),
    ("[profile.embedded]\nwriter = {engine = 'magic'}", "profile.embedded.writer.engine: Input should be"),
    (
        "[profile.embedded]\nwriter = {engine = 'openvino', model = 'x', timeout_s = 0}",
        "timeout_s: Input should be greater",
    ),
    ("[profile.embedded]\nremote = [{host = 'x', agreement = ''}]", "remote.0.agreement"),
    (
        "[profile.embedded]\nwriter = {engine = 'static'}",
        "cannot be a writer; possible: none, openvino, transformers, openai",
    ),
    ("[profile.embedded]\nwriter = {engine = 'openai'}", "needs base_url and model"),
    ("[profile.embedded]\nwriter = {engine = 'openvino'}", "needs model"),
    ("[profile.embedded]\nindex = 'disk'", "embedded.index: not an index"),
    ("default_profile = 'gone'", "there is no profile 'gone'; known: embedded, rules, workstation"),
    ("practice = ", "not TOML"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_a_wrong_setting_is_named_with_file_and_path(tmp_path, text, message):
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text), environ={})
    assert message in str(caught.value)
    assert "posology.toml: " in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml", environ={})


@pytest.mark.parametrize(
    ("number", "valid", "why"),
    [
        ("1234567893", True, "the standard's own example"),
        ("1245319599", True, "a number with a right check digit"),
        ("1234567890", False, "wrong check digit"),
        ("123456789", False, "nine digits"),
        ("12345678933", False, "eleven digits"),
        ("123456789x", False, "a letter"),
        ("", False, "empty"),
    ],
)
def test_npi_follows_luhn_over_the_prefix(number, valid, why):
    assert is_npi(number) is valid, why


@pytest.mark.parametrize(
    ("ip", "expected", "why"),
    [
        ("127.0.0.1", True, "loopback"),
        ("::1", True, "loopback"),
        ("10.200.3.4", True, "RFC 1918"),
        ("172.31.255.1", True, "RFC 1918"),
        ("172.32.0.1", False, "just beyond RFC 1918"),
        ("192.168.0.9", True, "RFC 1918"),
        ("fd00::1", True, "RFC 4193"),
        ("::ffff:10.0.0.1", True, "mapped private address"),
        ("::ffff:8.8.8.8", False, "mapped public address"),
        ("169.254.169.254", False, "link-local: cloud credentials"),
        ("100.64.0.1", False, "shared address space"),
        ("0.0.0.0", False, "unspecified"),
        ("8.8.8.8", False, "public"),
        ("2001:4860::1", False, "public"),
    ],
)
def test_only_loopback_and_private_ranges_are_inside(ip, expected, why):
    assert is_inside(ip) is expected, why


def test_an_inside_name_is_resolved_once_and_pinned(tmp_path):
    calls = []

    def count(host: str, port: int) -> tuple[str, ...]:
        calls.append((host, port))
        return ("10.1.2.3",)

    path = write(tmp_path, SERVER.format(url="http://models.clinic:8000/v1", more=""))
    settings = load_settings(path, profile="mine", environ={}, resolve=count)
    address = settings.address_of("http://models.clinic:8000/v1")
    assert (address.ip, address.port, address.agreement) == ("10.1.2.3", 8000, "")
    assert calls == [("models.clinic", 8000)]


REMOTE = 'remote = [{host = "api.example.org", agreement = "BAA 2026-17"}]'
ADDRESSES = [
    ("https://api.example.org/v1", "", outside, "lies outside loopback and the private ranges"),
    ("http://api.example.org/v1", REMOTE, outside, "must be reached by https"),
    ("http://models.clinic/v1", "", nowhere, "does not resolve"),
    ("http://user:secret@10.0.0.1/v1", "", inside, "no user, password"),
    ("ftp://10.0.0.1/v1", "", inside, "not an http address"),
    ("http://10.0.0.1:99999/v1", "", inside, "not an address"),
    ("10.0.0.1:8000", "", inside, "not an http address"),
    ("http://8.8.8.8/v1", "", inside, "lies outside"),
    ("http://models.clinic/v1", "", lambda h, p: ("10.0.0.1", "8.8.8.8"), "lies outside"),
]


@pytest.mark.parametrize(
    ("url", "more", "resolve", "message"), ADDRESSES, ids=[f"{a[0]}-{a[3]}" for a in ADDRESSES]
)
def test_an_address_that_may_not_be_reached_is_refused(tmp_path, url, more, resolve, message):
    path = write(tmp_path, SERVER.format(url=url, more=more))
    with pytest.raises(SettingsError) as caught:
        load_settings(path, profile="mine", environ={}, resolve=resolve)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_outside_address_under_an_agreement_is_recorded(tmp_path):
    path = write(tmp_path, SERVER.format(url="https://api.example.org/v1", more=REMOTE))
    settings = load_settings(path, profile="mine", environ={}, resolve=outside)
    assert settings_record(settings)["addresses"] == [
        {"url": "https://api.example.org/v1", "address": "93.184.216.34", "agreement": "BAA 2026-17"}
    ]


def test_the_record_holds_no_practice_data(tmp_path):
    path = write(tmp_path, '[practice]\nname = "Lakeside Clinic"\ntax_id = "12-3456789"')
    record = str(settings_record(load_settings(path, environ={})))
    assert "Lakeside" not in record
    assert "3456789" not in record


def test_the_reference_in_the_docs_is_the_one_the_code_renders(repo_root):
    text = (repo_root / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings_reference().strip() in text
