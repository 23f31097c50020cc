"""Reads questions from requests: bounded in bytes, in time and in characters."""

import asyncio

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from sambodhan_assets.domain.dataset.snapshot import MAX_MESSAGE_LENGTH
from sambodhan_assets.serving.served_model import prepared

# Twelve bytes are the longest form of one character in JSON: two escapes of six.
MAX_BODY_BYTES = 12 * MAX_MESSAGE_LENGTH + 1024
# Whoever sends slower holds a connection and nothing else.
READ_SECONDS = 30.0


class RefusalError(Exception):
    """A request that is not answered.

    Args:
        status: HTTP status.
        detail: One sentence for the caller; never a part of the text.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Question(BaseModel):
    """The body of POST /predict."""

    # Errors must not repeat what citizens wrote.
    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    text: str


async def read_text(request: Request) -> str:
    """The text of a request, cleaned as in training.

    Raises:
        RefusalError: 413 where body or text is too long, 408 where it comes too slowly, 422 where
            it is no question or nothing is left of it after cleaning.
    """
    message = _parsed(await _read_body(request)).text
    if len(message) > MAX_MESSAGE_LENGTH:
        raise RefusalError(
            413, f"The text has {len(message)} characters; the limit is {MAX_MESSAGE_LENGTH}."
        )
    text = prepared(message)
    if not text:
        raise RefusalError(422, "The text is empty once addresses, tags and spaces are removed.")
    return text


async def _read_body(request: Request) -> bytes:
    """The body; reading stops at the limit, whatever the header promised."""
    declared = request.headers.get("content-length", "")
    body = bytearray()
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError as error:
        raise RefusalError(408, f"The body did not come within {READ_SECONDS:.0f} s.") from error
    except ClientDisconnect as error:
        raise RefusalError(400, "The connection ended before the body did.") from error
    return bytes(body)


def _too_large() -> RefusalError:
    return RefusalError(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")


def _parsed(body: bytes) -> Question:
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise RefusalError(
            422, f'The body must be JSON like {{"text": "..."}}: {place}: {first["msg"]}.'
        ) from None
