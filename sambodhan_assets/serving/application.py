"""The inference API of one label task; texts of complaints are never logged."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.serving.requests import Question, RefusalError, read_text
from sambodhan_assets.serving.served_model import Answer, ServedModel

_HEALTH_TEXT = "The water pipe in ward 5 has burst."
_BODY_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Question.model_json_schema()}},
    }
}
_log = logging.getLogger(__name__)


def create_application(served: ServedModel) -> FastAPI:
    """The application that answers with a loaded version until the process ends."""
    app = FastAPI(
        title=f"Sambodhan {served.task.name} classifier",
        version=served.version.tag,
        # Their pages load scripts from a foreign server.
        docs_url=None,
        redoc_url=None,
    )
    answer = _one_at_a_time(served)

    @app.exception_handler(RefusalError)
    async def refuse(_: Request, refusal: RefusalError) -> JSONResponse:
        # What is left of a body that was not read must not be taken for the next request.
        headers = {"connection": "close"} if refusal.status in (400, 408, 413) else None
        return JSONResponse({"detail": refusal.detail}, refusal.status, headers)

    @app.post("/predict", openapi_extra=_BODY_SCHEMA)
    async def predict(request: Request) -> Answer:
        return await answer(await read_text(request))

    @app.api_route("/", methods=["GET", "HEAD"])
    async def index() -> dict[str, Any]:
        return {
            "name": app.title,
            "task": served.task.name,
            "version": served.version.tag,
            "labels": list(served.model.labels),
            "longest_text": MAX_MESSAGE_LENGTH,
        }

    @app.get("/version")
    async def version() -> dict[str, Any]:
        return describe_version(served)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        # Whatever is wrong with the model shows as 500 here as it does for a citizen.
        await answer(_HEALTH_TEXT)
        return {"status": "ok", "version": served.version.tag}

    # Routes are called by the framework.
    _ = (refuse, predict, index, version, health)
    return app


def describe_version(served: ServedModel) -> dict[str, Any]:
    """Which version the weights in memory are; what the version does not say is None."""
    return {
        "version": served.version.tag,
        "task": served.task.name,
        "dataset_version": served.version.manifest.details.get("dataset_tag"),
        "content_hash": served.version.content_hash,
        "family": served.model.family,
    }


def _one_at_a_time(served: ServedModel) -> Callable[[str], Any]:
    """Asks the model in a thread, one text after the other.

    Both families compute with all cores, or under Python's lock: two texts at once are no faster,
    and tokenizers break when two threads use them.
    """
    limiter = anyio.CapacityLimiter(1)

    def answer(text: str) -> Answer:
        try:
            return served.answer(text)
        # Messages of exceptions may hold the text; their places in the code do not.
        except Exception as error:  # noqa: BLE001
            places = "".join(traceback.format_tb(error.__traceback__))
            _log.error("The model failed with %s:\n%s", type(error).__name__, places)
            detail = f"The model could not answer ({type(error).__name__})."
            raise RefusalError(500, detail) from None

    async def ask(text: str) -> Answer:
        return await anyio.to_thread.run_sync(answer, text, limiter=limiter)

    return ask
