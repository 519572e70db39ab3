"""docs/settings.md: every setting as a table, made from the fields themselves."""

from typing import Any

from pydantic import BaseModel

from posology.config.tables import OpenId, Part, Practice, Profile, Remote, Serve, SettingsFile
from posology.declarations import table_of

__all__ = ["ENVIRONMENT", "settings_reference"]

ENVIRONMENT = {
    "POSOLOGY_CONFIG": "the settings file, where --config is not given",
    "POSOLOGY_PROFILE": "the profile, where --profile is not given",
    "POSOLOGY_KEY_FILE": "the file of the encryption key, where [serve] key_file is not given",
    "POSOLOGY_KEY": "the text of a key file itself, where no file is named",
    "POSOLOGY_METRICS_TOKEN": "the bearer token that may read /metrics; without it only administrators",
    "POSOLOGY_HOME": "the folder that holds models (in its folder models); default: share/posology of the "
    "Python environment where that holds models, else the user's data folder",
}


def settings_reference() -> str:
    """Render every setting as Markdown tables: key, type, unit, default, meaning."""
    tables: dict[str, type[BaseModel]] = {
        "": SettingsFile,
        "[practice]": Practice,
        "[serve]": Serve,
        "[serve.openid]": OpenId,
        "[profile.NAME]": Profile,
        "writer, validator, embedder of a profile": Part,
        "remote of a profile (a list of tables)": Remote,
    }
    lines: list[str] = []
    for title, table in tables.items():
        lines += [
            f"### {title or 'Top level'}",
            "",
            "| key | type | unit | default | meaning |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(key, table) for key in table.model_fields]
        lines.append("")
    lines += ["### Environment", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{key}` | {meaning} |" for key, meaning in ENVIRONMENT.items()]
    return "\n".join(lines) + "\n"


def _row(key: str, table: type[BaseModel]) -> str:
    field = table.model_fields[key]
    extra = field.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    nested = table_of(field.annotation) is not None
    if nested:
        kind, default = "table", "required" if field.is_required() else "empty"
    else:
        kind = _type_name(field.annotation)
        default = "required" if field.is_required() else f"`{_toml_value(field.default)}`"
    return f"| `{key}` | {kind} | {unit} | {default} | {field.description} |"


def _type_name(annotation: Any) -> str:
    names: dict[Any, str] = {str: "text", int: "integer", float: "number", bool: "true or false"}
    return names.get(annotation, "text")


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
