"""Asks the aggregator how far it has counted, without ever holding the relay up."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
from pydantic import ValidationError

from shared.base import log
from shared.contract.marks import Mark, Marks

PATH = "/v1/marks"

_log = log.get(__name__)


class Aggregator:
    """Asks for the marks of one source.

    Args:
        url: where the aggregator answers.
        token_file: holds this service's token; read for each question, for it is renewed.
        source: CloudEvents source.
        client: the HTTP client.
    """

    def __init__(
        self, url: str, token_file: Path | None, source: str, client: httpx.Client
    ) -> None:
        self._url, self._token_file, self._source = url.rstrip("/"), token_file, source
        self._client = client
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="marks")
        self._asked: Future[tuple[Mark, ...] | None] | None = None

    def ask(self) -> None:
        """Put the question, unless the last one is still without an answer."""
        if self._asked is None:
            self._asked = self._pool.submit(self.marks)

    def answer(self) -> tuple[Mark, ...] | None:
        """Return the answer to the last question once; None while or where there is none."""
        if self._asked is None or not self._asked.done():
            return None
        asked, self._asked = self._asked, None
        return asked.result()

    def marks(self) -> tuple[Mark, ...] | None:
        """Return how far each partition is counted; None where the aggregator does not say."""
        try:
            headers = {}
            if self._token_file is not None:
                token = self._token_file.read_text(encoding="utf-8").strip()
                headers["Authorization"] = f"Bearer {token}"
            params = {"source": self._source}
            answer = self._client.get(f"{self._url}{PATH}", params=params, headers=headers)
            return Marks.model_validate_json(answer.raise_for_status().content).marks
        except (httpx.HTTPError, OSError, ValidationError) as problem:
            _log.warning("the aggregator does not say what it has counted", problem=repr(problem))
            return None

    def close(self) -> None:
        """End the thread; an answer under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
