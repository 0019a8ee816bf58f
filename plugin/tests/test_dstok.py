"""That the plugin is there, and that without configuration it changes nothing."""

import pytest
from datasette.app import Datasette
from datasette.tokens import SignedTokenHandler
from helpers import CURRENT, FOREIGN, bearer, cookie, new_cookie, token


@pytest.mark.asyncio
async def test_plugin_is_installed():
    datasette = Datasette(memory=True)
    response = await datasette.client.get("/-/plugins.json")
    assert response.status_code == 200
    assert "datasette-dstok" in {plugin["name"] for plugin in response.json()}


@pytest.mark.asyncio
async def test_changes_nothing_without_configuration(make_datasette):
    datasette = await make_datasette()
    handlers = datasette._token_handlers()
    assert [handler.name for handler in handlers] == ["signed", "dstok"]
    assert type(handlers[0]) is SignedTokenHandler
    page = await datasette.client.get("/", cookies={"ds_actor": cookie(CURRENT)})
    assert "/-/dstok" not in page.text
    assert new_cookie(page) is None
    assert (
        await datasette.client.get("/-/actor.json", cookies={"ds_actor": cookie(FOREIGN)})
    ).json()["actor"] is None
    refused = await datasette.client.get("/-/actor.json", headers=bearer(token(FOREIGN)))
    assert (refused.status_code, refused.json()["error"]) == (401, "Invalid token signature")


@pytest.mark.asyncio
async def test_action_is_registered(make_datasette):
    datasette = await make_datasette()
    actions = (await datasette.client.get("/-/actions.json", actor={"id": "root"})).json()[
        "actions"
    ]
    assert "dstok-inspect" in {action["name"] for action in actions}
