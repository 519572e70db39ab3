"""Charts over HTTP: files of a form, one FHIR document, a ZIP, or a pasted note."""

from collections import Counter
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from posology.errors import ChartError, RequestError
from posology.review.charts import ChartUpload, PastedNote, load_chart, note_upload, store_chart
from posology.store import Store
from posology.web.answers import ChartAnswer
from posology.web.bodies import ChartId, NoteBody
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()

_MOST_FILES = 2_000
_NAMES = {"application/fhir+json": "chart.json", "application/zip": "chart.zip"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "one patient's chart: its files, a FHIR Bundle, a ZIP of files, or a pasted note",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                        },
                        "restricted": {
                            "enum": ["true", "false"],
                            "description": "whether resources labelled restricted may be used",
                        },
                    },
                }
            },
            "application/fhir+json": {"schema": {"type": "object", "required": ["resourceType"]}},
            "application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}},
            "application/json": {"schema": {"$ref": "#/components/schemas/NoteBody"}},
        },
    }
}


@router.post("/api/v1/charts", status_code=201, openapi_extra=_BODY)
async def upload_chart(request: Request, response: Response, site: OfSite, actor: Acting) -> ChartAnswer:
    """Take in a chart; it is kept sealed, byte for byte, or not at all."""
    upload = await _upload_of(request)
    chart_id = await run_sync(store_chart, site.store, actor, upload)
    response.headers["Location"] = f"/api/v1/charts/{chart_id}"
    return await run_sync(_answer, site.store, chart_id)


@router.get("/api/v1/charts/{chart_id}")
def describe_chart(chart_id: ChartId, site: OfSite) -> ChartAnswer:
    """Say what a chart holds, by count; its contents are read beside a packet."""
    return _answer(site.store, chart_id)


def _answer(store: Store, chart_id: str) -> ChartAnswer:
    chart = load_chart(store, chart_id)
    types = Counter(resource.type for resource in chart.resources)
    return ChartAnswer(
        id=chart_id,
        resources=dict(sorted(types.items())),
        documents=len(chart.documents),
        unread=len(chart.unread),
    )


async def _upload_of(request: Request) -> ChartUpload:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=_MOST_FILES, max_fields=10) as form:
            return await _of_form(form)
    body = await request.body()
    if kind in _NAMES:
        return ChartUpload(((_NAMES[kind], body),))
    if kind == "application/json":
        return _of_note(body)
    raise HTTPException(
        415, f"send a chart as one of: multipart/form-data, application/json, {', '.join(_NAMES)}"
    )


async def _of_form(form: FormData) -> ChartUpload:
    files, restricted = [], False
    for name, value in form.multi_items():
        if name == "files" and isinstance(value, UploadFile):
            files.append((value.filename or "", await value.read()))
        elif name == "restricted" and value in ("true", "false"):
            restricted = value == "true"
        elif name != "csrf":
            raise RequestError("upload: the form has the fields files and restricted (true or false) only")
    return ChartUpload(tuple(files), restricted)


def _of_note(body: bytes) -> ChartUpload:
    try:
        note = NoteBody.model_validate_json(body)
    except ValidationError as cause:
        fault = cause.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in fault["loc"])
        raise ChartError(f"pasted note: {where or 'the body'}: {fault['type']}") from None
    return note_upload(PastedNote(note.name, note.birth_date, note.text, note.date, note.sex))
