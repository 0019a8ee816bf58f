"""The client for asyncio."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar

from . import types
from ._async_calls import typed_batch, typed_call, typed_map
from ._base import DEFAULT, BaseClient, Timeout, given
from ._batch import WINDOW, Batch, Window, encoded
from ._deadline import Deadline
from ._errors import DstokError, InvalidArgument, ProcessDied
from ._protocol import Request, outcome, raised
from ._sidecar import NotSent
from ._wait_asyncio import Waiter, close, each, pause, send, started

_TRIES = 3
"""How many sidecars a call may meet that have just ended, before it gives up."""

_MOST_TOGETHER = 32
"""How many params of `map` are taken and encoded at once."""
_SHORT = 1 << 14
"""How many bytes those before had to have at most."""

_Self = TypeVar("_Self", bound="AsyncClient")


class AsyncClient(BaseClient):
    """Runs its own sidecar and calls it from asyncio, without ever blocking the event loop.

    Any number of loops can use it at the same time. Use it as an asynchronous context manager, or
    call `aclose`.

    Every method takes `timeout`: the seconds to wait for the response (float), including a start.
    It overrides the client's timeout. None means no limit. It ends the wait, not the start.

    Besides the exceptions named, every method raises BinaryNotFound, VersionMismatch, ProcessDied,
    ProtocolError, CallTimeout, ClientClosed, InvalidArgument, and those for errors in responses.
    """

    async def create_token(
        self,
        actor_id: object,
        *,
        expires_after: int | None = None,
        restrict_all: types.ActionNames | None = None,
        restrict_database: types.ActionsByName | None = None,
        restrict_resource: types.ActionsByDatabaseAndResource | None = None,
        restrictions: types.Restrictions | None = None,
        now: float | None = None,
        timeout: Timeout = DEFAULT,
    ) -> str:
        """Return a signed API token, as `datasette.create_token()` makes it.

        Args:
            actor_id: the ID of the actor: any JSON value, in Datasette a string.
            expires_after: the lifetime in seconds (int). 0 and None mean no expiry.
            restrict_all: the names of actions that are allowed everywhere.
            restrict_database: the names of actions by database.
            restrict_resource: the names of actions by database and table.
            restrictions: all three in one mapping with the keys all, database and resource.
            now: a time in Unix seconds (float) that replaces the clock's.

        Raises NoSecret, SignedTokensDisabled, NotSupported, PolicyError.
        """
        return await self.call(
            "create_token",
            given(
                {"actor_id": actor_id},
                expires_after=expires_after,
                restrict_all=restrict_all,
                restrict_database=restrict_database,
                restrict_resource=restrict_resource,
                restrictions=restrictions,
                now=now,
            ),
            timeout=timeout,
        )

    async def verify_token(
        self, token: str, *, now: float | None = None, timeout: Timeout = DEFAULT
    ) -> types.Actor | None:
        """Verify an API token. Return its actor (dict), or None where Datasette returns None.

        `now` is a time in Unix seconds (float) that replaces the clock's. Raises TokenInvalid,
        BadPayload, NoSecret, NotSupported.
        """
        params = given({"token": token}, now=now)
        return await self.call("verify_token", params, timeout=timeout)

    async def inspect_token(
        self, token: str, *, now: float | None = None, timeout: Timeout = DEFAULT
    ) -> types.Inspection:
        """Return the contents of a token and what is wrong with it (dict). Needs no secret.

        The members are payload, compressed, signature, secret, status, reason, actor_id, created,
        expires, restrictions and unknown_actions. `now` is a time in Unix seconds (float) that
        replaces the clock's. A bad token raises nothing.
        """
        params = given({"token": token}, now=now)
        return await self.call("inspect_token", params, timeout=timeout)

    async def sign(
        self, value: object, namespace: str = "default", *, timeout: Timeout = DEFAULT
    ) -> str:
        """Return `value`, any JSON value, signed as `datasette.sign()` signs it.

        Raises NoSecret, PolicyError.
        """
        params = given({"value": value, "namespace": namespace})
        return await self.call("sign", params, timeout=timeout)

    async def unsign(
        self, signed: str, namespace: str = "default", *, timeout: Timeout = DEFAULT
    ) -> Any:
        """Verify a signed value. Return what was signed, as `datasette.unsign()` does.

        Raises BadSignature, BadPayload, NoSecret.
        """
        params = given({"signed": signed, "namespace": namespace})
        return await self.call("unsign", params, timeout=timeout)

    async def create_actor_cookie(
        self,
        actor: object,
        *,
        expire_after: int | None = None,
        now: float | None = None,
        timeout: Timeout = DEFAULT,
    ) -> str:
        """Return the value of a `ds_actor` cookie, as `datasette.set_actor_cookie()` sets it.

        Args:
            actor: the actor, in Datasette a dict.
            expire_after: the lifetime in seconds (int). 0 and None mean no expiry.
            now: a time in Unix seconds (float) that replaces the clock's.

        Raises NoSecret.
        """
        params = given({"actor": actor}, expire_after=expire_after, now=now)
        return await self.call("create_actor_cookie", params, timeout=timeout)

    async def verify_actor_cookie(
        self, cookie: str, *, now: float | None = None, timeout: Timeout = DEFAULT
    ) -> Any:
        """Verify a `ds_actor` cookie. Return its actor, or None for an anonymous visitor.

        `now` is a time in Unix seconds (float) that replaces the clock's. Raises NoSecret, and
        TokenInvalid for an expiry that cannot be decoded.
        """
        params = given({"cookie": cookie}, now=now)
        return await self.call("verify_actor_cookie", params, timeout=timeout)

    async def restrictions_allow_action(
        self,
        restrictions: types.Allowlist | None,
        action: str,
        resource: types.Resource = None,
        *,
        timeout: Timeout = DEFAULT,
    ) -> bool:
        """Return whether the restrictions of a token allow an action.

        Args:
            restrictions: the `_r` of an actor, or None for an actor without one.
            action: the name of the action.
            resource: a database, or a pair of database and table. None means the instance.

        Raises NotSupported.
        """
        params = given({"restrictions": restrictions, "action": action}, resource=resource)
        return await self.call("restrictions_allow_action", params, timeout=timeout)

    async def token_allows_action(
        self,
        token: str,
        action: str,
        resource: types.Resource = None,
        *,
        now: float | None = None,
        timeout: Timeout = DEFAULT,
    ) -> types.Access:
        """Verify a token and tell whether its restrictions allow an action, in one call.

        Returns a dict: `actor` as from `verify_token()`, and `allowed` (bool), which is False
        where the actor is None. Datasette decides whether the actor may do it.

        Args:
            token: the token, with its prefix.
            action: the name of the action.
            resource: a database, or a pair of database and table. None means the instance.
            now: a time in Unix seconds (float) that replaces the clock's.

        Raises TokenInvalid, BadPayload, NoSecret, NotSupported.
        """
        params = given({"token": token, "action": action}, resource=resource, now=now)
        return await self.call("token_allows_action", params, timeout=timeout)

    async def configure(
        self,
        *,
        secret: str | None = None,
        old_secrets: types.OldSecrets | None = None,
        datasette_version: str | None = None,
        actions: types.ActionTable = None,
        settings: types.GivenSettings | None = None,
        zlib: types.ZlibName | None = None,
        itsdangerous: types.ItsdangerousVersion | None = None,
        timeout: Timeout = DEFAULT,
    ) -> types.ProcessInfo:
        """Change the configuration of this sidecar and of later ones. Return the new info.

        The arguments are those of the class. A new `secret` drops the old ones unless
        `old_secrets` is given too. A call that fails changes nothing. Later sidecars also get
        what `call`, `batch` or `map` configures.
        """
        changes = given(
            {},
            secret=secret,
            old_secrets=old_secrets,
            datasette_version=datasette_version,
            actions=actions,
            settings=settings,
            zlib=zlib,
            itsdangerous=itsdangerous,
        )
        self._connection.configuration.check(changes)
        return await self.call("configure", changes, timeout=timeout)

    async def info(self, *, timeout: Timeout = DEFAULT) -> types.ProcessInfo:
        """Return the identity and configuration of the sidecar (dict), without any secret."""
        return await self.call("info", timeout=timeout)

    async def ping(self, *, timeout: Timeout = DEFAULT) -> str:
        """Return "pong"."""
        return await self.call("ping", timeout=timeout)

    async def discover(self, *, timeout: Timeout = DEFAULT) -> dict[str, Any]:
        """Return the methods as an OpenRPC document (dict)."""
        return await self.call("rpc.discover", timeout=timeout)

    @typed_call
    async def call(
        self, method: str, params: types.Params = None, *, timeout: Timeout = DEFAULT
    ) -> Any:
        """Return the result of any method.

        Args:
            method: its name.
            params: a mapping (by name) or a sequence (by position).
        """
        deadline = Deadline(self._seconds(timeout))
        request = Request(method, params)
        waiter = await self._send(request, deadline)
        return raised(outcome(await self._answer(request, waiter, deadline)))

    @typed_batch
    async def batch(
        self,
        calls: Iterable[tuple[str, types.Params]],
        *,
        return_exceptions: bool = False,
        timeout: Timeout = DEFAULT,
    ) -> list[Any]:
        """Send several calls, pairs of method and params, at once. Return their results.

        The calls are sent as one JSON-RPC batch and answered in order. As with `asyncio.gather`,
        the first error is raised when all calls are done. With `return_exceptions` the list has
        each error in place of its result.
        """
        seconds = self._seconds(timeout)
        batch = Batch()
        for method, params in calls:
            batch.add(*encoded(method, params))
        deadline = Deadline(seconds)
        waiter = await self._send(batch, deadline)
        results = batch.results(await self._answer(batch, waiter, deadline))
        return results if return_exceptions else [raised(one) for one in results]

    @typed_map
    def map(
        self,
        method: str,
        params: Iterable[types.Params] | AsyncIterable[types.Params],
        *,
        window: int = WINDOW,
        return_exceptions: bool = False,
        timeout: Timeout = DEFAULT,
    ) -> AsyncIterator[Any]:
        """Call a method with each of any number of params. Yield the results in order.

        Args:
            method: its name.
            params: params for each call, an iterable or an asynchronous one; up to `window` are
                taken ahead of the results.
            window: the most calls that may be in progress.
            return_exceptions: yield each error in place of its result. By default the first
                error is raised and ends the iteration.

        The timeout limits each wait for a result.
        """
        seconds = self._seconds(timeout)
        source = _Source(method, each(params))
        return self._map(source, Window(window), return_exceptions, seconds)

    async def _map(
        self, source: _Source, window: Window, return_exceptions: bool, seconds: float | None
    ) -> AsyncIterator[Any]:
        under_way: deque[tuple[Batch, Waiter | None]] = deque()
        try:
            while True:
                while window.open() and not source.ended:
                    batch = await source.batch(window.most)
                    try:
                        waiter = await self._send(batch, Deadline(seconds))
                        under_way.append((batch, waiter))
                    except DstokError as error:  # what is under way may still be answered
                        source.ended, source.error = True, error
                        break
                    window.take(batch)
                    await pause()
                if not under_way and source.error is not None:
                    raise source.error
                if not under_way:
                    return
                batch, waiter = under_way.popleft()
                try:
                    results = batch.results(await self._answer(batch, waiter, Deadline(seconds)))
                except DstokError as error:
                    results = batch.all_failed(error)
                window.give_back(batch, waiter.size if waiter else 0)
                for result in results:
                    if not return_exceptions and isinstance(result, DstokError):
                        raise result
                    yield result
        finally:
            for _, waiter in under_way:
                if waiter is not None:
                    waiter.wanted = False

    async def _send(self, request: Request | Batch, deadline: Deadline) -> Waiter | None:
        """Send a line. Start a sidecar if necessary. Raises as `started` does.

        A batch of which nothing could be sent has nothing to wait for.
        """
        if not request.ids:
            return None
        waiter = Waiter(request.ids)
        line = request.line()
        for _ in range(_TRIES):
            sidecar = self._connection.current() or await started(self._connection, deadline)
            if request.changes:
                remember = self._connection.remember
                waiter.note = functools.partial(remember, sidecar, request.changes)
            try:
                send(sidecar, line, waiter)
                return waiter
            except NotSent:  # it ended a moment ago
                pass
        raise ProcessDied(f"dstok ended {_TRIES} times in a row before it took the request")

    async def _answer(
        self, request: Request | Batch, waiter: Waiter | None, deadline: Deadline
    ) -> Any:
        """Wait for the answer. After a death, send again what may be sent again."""
        retries = 0 if request.changes else self._retries
        while waiter is not None:
            try:
                return await waiter.wait(deadline)
            except ProcessDied:
                if retries <= 0:
                    raise
                retries -= 1
            waiter = await self._send(request, deadline)
        return []

    async def aclose(self) -> None:
        """End the sidecar after it has answered every request, and wait until it has ended.

        Later calls raise ClientClosed.
        """
        await close(self._connection)

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()


class _Source:
    """Takes params in batches. If their iterable raises, the params before come first."""

    def __init__(self, method: str, params: AsyncIterator[types.Params]) -> None:
        self.ended = False
        self._method = method
        self._params = params
        self._held: deque[Request | InvalidArgument] = deque()
        self._exhausted = False
        self._together = 1
        self.error: Exception | None = None

    async def batch(self, most: int) -> Batch:
        """Return the next batch, of at most `most` requests."""
        batch = Batch()
        while not batch.full(most):
            if not self._held and not self._exhausted:
                await self._take(most - len(batch))
            if not self._held or not batch.has_room_for(self._held[0]):
                break
            batch.add(self._held.popleft())
        self.ended = self._exhausted and not self._held
        return batch

    async def _take(self, most: int) -> None:
        """Take params, if there are any, and fewer if they are long."""
        params: list[types.Params] = []
        most = min(most, self._together)
        try:
            async for one in self._params:
                params.append(one)
                if len(params) == most:
                    break
        except Exception as error:
            self.error = error
        self._exhausted = len(params) < most
        requests = encoded(self._method, *params) if params else []
        self._held.extend(requests)
        size = sum(len(one.text) for one in requests if isinstance(one, Request))
        short = len(params) * _SHORT // (size or 1)
        self._together = max(1, min(_MOST_TOGETHER, self._together * 2, short))
