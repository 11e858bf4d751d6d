"""Any OpenAI-compatible chat endpoint as a corrector: hosted models, vLLM, Ollama, llama.cpp."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import email.utils
import hashlib
import ipaddress
import logging
import os
import random
import time
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import openai

from cinedub import reply, storage
from cinedub.backends.roles import Proposal
from cinedub.config import Model
from cinedub.errors import UsageError
from cinedub.exhibits import Exhibits
from cinedub.ledger import Ledger
from schemas import Language, codec

VERSION = "openai-3"
MAX_REPLY_BYTES = 256 << 10
#: Pictures of a clip that a model may be shown.
MOST_PICTURES = 16
#: Faults in a row after which a clip gets one try only, so that a dead server doesn't hold up a build.
PATIENCE = 3
_DEFAULTS: dict[str, Any] = {
    "base_url": "https://api.openai.com/v1", "model": "", "timeout_s": 60.0, "deadline_s": 180.0, "max_retries": 3, "max_tokens": 8192,
    "price_in": 0.0, "price_out": 0.0, "budget": 0.0, "sound": False, "pictures": 0,
}  # fmt: skip
_log = logging.getLogger(__name__)


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Unanswered(Exception):
    """No answer, for now."""


class _Unusable(Exception):
    """An answer that can't be used, or a request that the server will never take."""


class OpenAI:
    """Asks a chat model for edits. Options: base_url, model, timeout_s (an attempt), deadline_s (a clip), max_retries, max_tokens,
    price_in and price_out (money for a million tokens), budget (money that all processes of a build may spend together; 0 for any),
    sound (whether the model hears each clip's vocals), pictures (how many of each clip it sees): for models that take such parts; others refuse the
    request.

    Answers are kept in the cache by the digest of what was asked: the same clip is not paid for twice, whatever became of the build.
    The key is read from OPENAI_API_KEY and nowhere else; it is never logged.
    """

    def __init__(self, model: Model) -> None:
        """Check the settings; nothing is asked yet.

        Raises:
            UsageError: no model, an option that doesn't exist, or no key for a server that isn't on this machine.
        """
        options = {**_DEFAULTS, **dict(model.options)}
        if unknown := sorted(options.keys() - _DEFAULTS.keys()):
            raise UsageError(f"unknown option {unknown[0]!r} of the corrector; here you can set: {', '.join(_DEFAULTS)} (the key: OPENAI_API_KEY)")
        self.base_url, self.model = str(options["base_url"]), str(options["model"])
        if not self.model:
            raise UsageError("the corrector needs a model: --set correct.corrector.options.model=NAME")
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username:
            raise UsageError("correct.corrector.options.base_url is an http(s) address without a user, such as http://127.0.0.1:8000/v1")
        self._local = _is_loopback(address.hostname)
        self._key = os.environ.get("OPENAI_API_KEY", "").strip()
        if not self._key and not self._local:
            raise UsageError(f"the corrector at {address.hostname} needs a key: export OPENAI_API_KEY, or --set correct.corrector=none")
        self.timeout_s, self.deadline_s = float(options["timeout_s"]), float(options["deadline_s"])
        self.max_retries = int(options["max_retries"])
        self._sound, self._pictures = bool(options["sound"]), int(options["pictures"])
        if not 0 <= self._pictures <= MOST_PICTURES:
            raise UsageError(f"correct.corrector.options.pictures is 0 to {MOST_PICTURES} of a clip, got {self._pictures}")
        self._prices = float(options["price_in"]), float(options["price_out"])
        self._budget, self._ledger = float(options["budget"]), Ledger()
        prompts = files("cinedub.backends") / "prompts"
        self._prompts = {language: (prompts / f"correct.{language}.md").read_text("utf-8") for language in ("en", "zh")}
        self.digest = hashlib.sha256(
            "\0".join([VERSION, self.model, *self._prompts.values(), repr(reply.SCHEMA), f"{self._sound} {self._pictures}"]).encode()
        ).hexdigest()[:16]
        structured = {"type": "json_schema", "json_schema": {"name": "corrections", "strict": True, "schema": reply.SCHEMA}}
        older = {"type": "json_object", "schema": reply.SCHEMA}
        #: From what serves best to what every server takes; one that refuses a form is asked in the next. The third is llama.cpp's.
        self._forms: tuple[dict[str, Any], ...] = (
            {"response_format": structured, "temperature": 0.0, "max_completion_tokens": int(options["max_tokens"])},
            {"response_format": structured},
            {"response_format": older, "temperature": 0.0, "max_tokens": int(options["max_tokens"])},
            {},
        )
        self._form = 0
        self._answered = False
        self._faults = 0

    def propose(self, evidence: dict[str, Any], language: Language, exhibits: Exhibits) -> Proposal:
        """The model's proposal; one with a ``fault`` when no answer that can be used came within the deadline.

        Raises:
            UsageError: the server has never answered, or refuses the key or the model: no clip will be corrected.
        """
        # "<" is escaped so that no dialogue can close the delimiter.
        data = msgspec.json.encode(evidence).decode().replace("<", "\\u003c")
        prompt, told = self._prompts[language], f"<evidence>\n{data}\n</evidence>"
        shown = self._shown(exhibits)
        asked = storage.address(self.base_url, self.digest, prompt, told, *(msgspec.json.encode(part) for part in shown))
        kept = storage.cache_root() / "answers" / f"{asked}.json"
        if kept.is_file():
            return _proposal(_completion(kept.read_bytes()), {"answers_kept": 1})
        if self._budget and self._ledger.spent() >= self._budget:
            raise UsageError(
                f"the corrector's budget of {self._budget:g} is spent; what was answered is kept: raise correct.corrector.options.budget and go on"
            )
        try:
            content = [{"type": "text", "text": told}, *shown] if shown else told
            body = asyncio.run(self._ask([{"role": "system", "content": prompt}, {"role": "user", "content": content}]))
        except _Unanswered as error:
            self._faults += 1
            if not self._answered:
                raise UsageError(f"the corrector at {self.base_url} does not answer ({error}); start it, or --set correct.corrector=none") from error
            return Proposal(fault=f"no answer: {error}", passing=True)
        except _Unusable as error:
            return Proposal(fault=str(error))
        self._answered, self._faults = True, 0
        try:
            completion = _completion(body)
        except ValueError as error:
            return Proposal(fault=self._plain(error))
        storage.write_atomic(kept, body)
        return _proposal(completion, self._bill(completion.usage or _Usage()))

    def _shown(self, exhibits: Exhibits) -> list[dict[str, Any]]:
        """The parts of the request that are no text, each after a line that says what it is."""
        parts: list[dict[str, Any]] = []
        for clip, wave in enumerate(exhibits.voices() if self._sound else ()):
            data = {"data": base64.b64encode(wave).decode(), "format": "wav"}
            parts += [_text(f"The voices of clip {clip}:"), {"type": "input_audio", "input_audio": data}]
        for clip, pictures in enumerate(exhibits.pictures(self._pictures) if self._pictures else ()):
            for at, jpeg in pictures:
                url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
                parts += [_text(f"Clip {clip}, {at} ms after its start:"), {"type": "image_url", "image_url": {"url": url}}]
        return parts

    def _bill(self, usage: _Usage) -> dict[str, int]:
        """What an answer took; the money goes to what the build has spent."""
        cost = (usage.prompt_tokens * self._prices[0] + usage.completion_tokens * self._prices[1]) / 1e6
        if cost:
            self._ledger.spend(cost)
        counts = {"requests": 1, "tokens_in": usage.prompt_tokens, "tokens_out": usage.completion_tokens}
        return counts | ({"cost_millionths": round(cost * 1e6)} if any(self._prices) else {})

    async def _ask(self, messages: list[dict[str, Any]]) -> bytes:
        """The body of the answer, within the deadline; passing faults are tried again, a refused request never in the same form."""
        http = openai.DefaultAsyncHttpxClient(trust_env=not self._local)
        retries = self.max_retries if self._faults < PATIENCE else 0
        attempt, form = 0, self._form
        fault: Exception
        try:
            async with (
                asyncio.timeout(self.deadline_s),
                openai.AsyncOpenAI(
                    api_key=self._key or "none", base_url=self.base_url, timeout=self.timeout_s, max_retries=0, http_client=http
                ) as client,
            ):
                while True:
                    wait = min(8.0, 0.5 * 2**attempt) * random.uniform(0.75, 1.25)
                    try:
                        body = await self._send(client, {"model": self.model, "messages": messages, **self._forms[form]})
                        self._form = form
                        return body
                    except openai.APIStatusError as error:
                        status = error.status_code
                        if status in (401, 403, 404):
                            raise UsageError(f"the corrector refuses: {self._plain(error)}; check base_url, model and key") from error
                        # llama-cpp-python answers 500 to a response_format that it doesn't know.
                        if (status in (400, 422) or "response_format" in str(error)) and form + 1 < len(self._forms):
                            form += 1
                            _log.info("the corrector refuses a request, asking more plainly: %s", self._plain(error))
                            continue
                        if status < 500 and status not in (408, 409, 429):
                            raise _Unusable(f"the server refuses the request: {self._plain(error)}") from error
                        fault, wait = error, _retry_after(error.response.headers.get("retry-after", ""), wait)
                    except (openai.APIConnectionError, httpx2.HTTPError) as error:
                        fault = error
                    if attempt >= retries:
                        raise _Unanswered(self._plain(fault)) from fault
                    attempt += 1
                    await asyncio.sleep(wait)
        except TimeoutError as error:
            raise _Unanswered(f"nothing within {self.deadline_s:g} s") from error

    async def _send(self, client: openai.AsyncOpenAI, request: dict[str, Any]) -> bytes:
        body = bytearray()
        async with client.chat.completions.with_streaming_response.create(**request) as response:
            async for block in response.iter_bytes():
                body += block
                if len(body) > MAX_REPLY_BYTES:
                    raise _Unusable(f"the answer is longer than {MAX_REPLY_BYTES >> 10} KiB")
        return bytes(body)

    def _plain(self, error: Exception) -> str:
        """The fault in one short line without the key."""
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return (line.replace(self._key, "***") if self._key else line)[:300]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _completion(body: bytes) -> _Completion:
    """The server's answer.

    Raises:
        ValueError: it isn't a chat completion.
    """
    try:
        return codec.decode(body, _Completion)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the server's answer is no chat completion: {error}") from error


def _proposal(completion: _Completion, used: dict[str, int]) -> Proposal:
    """What the model proposes; a fault where it says nothing, refuses, or doesn't keep to the schema."""
    message = completion.choices[0].message if completion.choices else _Message()
    if not message.content:
        return Proposal(fault=f"the model says nothing{': ' + message.refusal[:200] if message.refusal else ''}", used=used)
    try:
        return dataclasses.replace(reply.proposal(message.content), used=used)
    except ValueError as error:
        return Proposal(fault=" ".join(f"{type(error).__name__}: {error}".split())[:300], used=used)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _retry_after(header: str, otherwise: float) -> float:
    """Seconds that the server asks to wait (RFC 9110: seconds, or a date)."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return otherwise
