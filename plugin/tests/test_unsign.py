"""`datasette.unsign` accepts what an old secret signed, whoever calls it."""

import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from helpers import CURRENT, FOREIGN, OLD, OLDER, cookie
from itsdangerous import BadPayload, BadSignature, Signer, URLSafeSerializer

from datasette_dstok.instance import instance_of

ROTATED = {"old_secrets": [OLD, OLDER]}
VALUE = {"next": "/x", "n": [1, None, "\u00fc"]}


def signed(secret, namespace, value=VALUE):
    return URLSafeSerializer(secret, namespace).dumps(value)


def undecodable(secret, namespace):
    """Return a right signature of what is no payload."""
    serializer = URLSafeSerializer(secret, namespace)
    return serializer.make_signer(namespace).sign(b"!").decode()


def count_tries(monkeypatch):
    """Return a list that gets what is checked with any secret."""
    tried = []
    real = Signer.unsign
    monkeypatch.setattr(Signer, "unsign", lambda self, v: tried.append(v) or real(self, v))
    return tried


@pytest.mark.asyncio
@pytest.mark.parametrize("namespace", ["default", "token", "actor", "messages", "dsatok", "a b"])
async def test_every_namespace(make_datasette, namespace):
    datasette = await make_datasette(ROTATED)
    for secret in (CURRENT, OLD, OLDER):
        value = signed(secret, namespace)
        assert datasette.unsign(value, namespace) == VALUE
        assert datasette.unsign(value.encode(), namespace=namespace) == VALUE
        with pytest.raises(BadSignature):
            datasette.unsign(value, "another")
    assert datasette.sign(VALUE, namespace) == signed(CURRENT, namespace)
    assert datasette.unsign(signed(OLD, "default")) == VALUE


@pytest.mark.asyncio
@pytest.mark.parametrize("namespace", [b"odd", bytearray(b"odd"), None])
async def test_namespaces_that_are_no_text_are_counted(make_datasette, caplog, namespace):
    datasette = await make_datasette(ROTATED)
    assert datasette.unsign(signed(OLD, namespace), namespace) == VALUE
    report = await instance_of(datasette).usage.report(datasette)
    shown = "None" if namespace is None else "odd"
    assert [(use.kind, use.requests) for use in report.secrets[1].uses][2:] == [(shown, 1)]
    assert "could not be counted" not in caplog.text


@pytest.mark.asyncio
async def test_marks_hold_whatever_the_type_of_the_namespace(make_datasette):
    datasette = await make_datasette({"revoked_secrets": [OLD]})
    session = cookie(CURRENT, renewed_from=[OLD])
    for namespace in ("actor", b"actor"):
        with pytest.raises(BadSignature):
            datasette.unsign(session, namespace)


@pytest.mark.asyncio
async def test_errors_are_those_of_the_current_secret(make_datasette):
    alone, rotated = await make_datasette(), await make_datasette(ROTATED)
    bad = [
        "",
        "x",
        ".",
        "x.y",
        b"x.y",
        bytearray(b"x.y"),
        "\u00fc.\u00fc",
        None,
        5,
        signed(FOREIGN, "token"),
        signed(CURRENT, "token") + "x",
        undecodable(CURRENT, "token"),
        undecodable(FOREIGN, "token"),
    ]
    for value in bad:
        outcomes = []
        for datasette in (alone, rotated):
            with pytest.raises(Exception) as caught:  # noqa: PT011
                datasette.unsign(value, "token")
            outcomes.append((caught.type, str(caught.value)))
        assert outcomes[0] == outcomes[1], value


@pytest.mark.asyncio
async def test_a_bad_payload_of_the_current_secret_is_not_tried_further(
    make_datasette, monkeypatch
):
    datasette = await make_datasette(ROTATED)
    tried = count_tries(monkeypatch)
    with pytest.raises(BadPayload):
        datasette.unsign(undecodable(CURRENT, "token"), "token")
    assert len(tried) == 1
    with pytest.raises(BadSignature):
        datasette.unsign(undecodable(OLD, "token"), "token")


@pytest.mark.asyncio
async def test_what_has_no_separator_is_not_tried(make_datasette, monkeypatch):
    """Datasette unsigns an empty cookie of messages in every request."""
    datasette = await make_datasette(ROTATED)
    tried = count_tries(monkeypatch)
    with pytest.raises(BadSignature):
        datasette.unsign("", "messages")
    assert len(tried) == 1
    with pytest.raises(BadSignature):
        datasette.unsign("x.y", "messages")
    assert len(tried) == 1 + 3


@pytest.mark.asyncio
async def test_the_newest_secrets_are_tried_first(make_datasette, monkeypatch):
    datasette = await make_datasette(ROTATED)
    tried = count_tries(monkeypatch)
    for tries, secret in enumerate((CURRENT, OLD, OLDER), 1):
        datasette.unsign(signed(secret, "other"), "other")
        assert len(tried) == tries
        tried.clear()


@pytest.mark.asyncio
async def test_nothing_is_changed_without_such_secrets(make_datasette):
    for options in (None, {}, {"old_secrets": [None]}, {"old_secrets": [CURRENT]}):
        datasette = await make_datasette(options)
        assert datasette.unsign.__func__ is Datasette.unsign


@pytest.mark.asyncio
async def test_it_is_there_when_other_plugins_start(make_datasette):
    found = []

    class Other:
        @hookimpl(tryfirst=True)
        def startup(self, datasette):
            async def inner():
                found.append(datasette.unsign(signed(OLD, "other"), "other"))

            return inner

    pm.register(Other(), name="other")
    try:
        await make_datasette(ROTATED)
    finally:
        pm.unregister(name="other")
    assert found == [VALUE]


@pytest.mark.asyncio
async def test_a_message_outlives_the_rotation(make_datasette):
    datasette = await make_datasette(ROTATED)
    cookies = {
        "ds_messages": signed(OLD, "messages", [["Saved", 1]]),
        "ds_actor": cookie(OLD, {"id": "root"}),
    }
    page = await datasette.client.get("/", cookies=cookies)
    assert "Saved" in page.text
