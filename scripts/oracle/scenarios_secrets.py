"""Old secrets, and the SHA-512 signatures of itsdangerous 1.1, with every method that verifies."""

from oracle.scenario import NOW, SECRET, scenario
from oracle.scenarios_unsign import signed
from oracle.scenarios_verify_cookie import cookie
from oracle.scenarios_verify_token import of_payload, token

OLD = ["the second newest", "gehéim \U0001f511", "the oldest"]

# method, parameter, Recipe
METHODS = (
    ("unsign", "signed", signed()),
    ("verify_token", "token", token(',"d":60')),
    ("verify_actor_cookie", "cookie", cookie('{"a":{"id":"root"}}')),
)


def rotated():
    """Old secrets verify; they never sign."""
    made = []
    for method, name, text in METHODS:
        made += [
            scenario(f"rotated_{method}_newest", "the newest secret", method, {name: text}, old_secrets=OLD),
            *(
                scenario(f"rotated_{method}_old_{n}", f"old secret {n}", method, {name: text.but(secret=secret)},
                         old_secrets=OLD)
                for n, secret in enumerate(OLD, 1)
            ),
            scenario(f"rotated_{method}_unknown", "none of them", method, {name: text.but(secret="none of them")},
                     old_secrets=OLD),
            scenario(f"rotated_{method}_forgotten", "an old secret that is no longer given", method,
                     {name: text.but(secret=OLD[0])}, old_secrets=OLD[1:]),
            scenario(f"rotated_{method}_altered", "no secret saves a changed signature", method,
                     {name: text.but(secret=OLD[1], signature=[["flip", 3]])}, old_secrets=OLD),
        ]
    made += [
        scenario("rotated_token_expired", "an old secret does not lengthen a token", "verify_token",
                 {"token": token(',"d":60').but(secret=OLD[0])}, old_secrets=OLD, now=NOW + 61),
        scenario("rotated_token_broken", "signed by an old secret, but no JSON", "verify_token",
                 {"token": of_payload("no json", secret=OLD[2])}, old_secrets=OLD),
        scenario("rotated_same_twice", "the newest among the old ones", "unsign", {"signed": signed()},
                 old_secrets=[SECRET, SECRET]),
        scenario("rotated_sign", "the newest signs", "sign", {"value": 1}, old_secrets=OLD),
        scenario("rotated_create_token", "the newest signs", "create_token", ["root"], old_secrets=OLD),
        scenario("rotated_create_cookie", "the newest signs", "create_actor_cookie", [{"id": "root"}],
                 old_secrets=OLD),
    ]
    return made


def sha512():
    """itsdangerous 1.1 also took SHA-512; 2.0 and later do not."""
    made = []
    for method, name, text in METHODS:
        long = text.but(digest="sha512")
        for version in ("1.1", "2.2"):
            key = version.replace(".", "_")
            made += [
                scenario(f"itsdangerous_{key}_{method}_sha1", "SHA-1 is taken by all", method, {name: text},
                         itsdangerous=version),
                scenario(f"itsdangerous_{key}_{method}_sha512", "SHA-512 by 1.1 only", method, {name: long},
                         itsdangerous=version),
            ]
    long = signed(digest="sha512")
    cases = [
        ("cut_to_20_bytes", long.but(signature=[["remove", 27, 59]]), "not part of it"),
        ("flipped", long.but(signature=[["flip", 50]]), "a changed signature"),
        ("last_flipped", long.but(signature=[["flip", -1]]), "a changed signature, at the end"),
        ("spare_bits", long.but(signature=[["spare"]]), "another spelling of the same signature"),
        ("junk_4", long.but(signature=[["insert", 60, "****"]]), "another spelling of the same signature"),
        ("padding", long.but(signature=[["insert", None, "=="]]), "another spelling of the same signature"),
        ("other_namespace", long.but(namespace="token"), "another namespace"),
        ("other_secret", long.but(secret="another secret"), "another secret"),
        ("broken_payload", signed("no json", digest="sha512"), "signed, but no JSON"),
        ("compressed", signed('"' + "table view " * 10 + '"', digest="sha512", compress="zlib"),
         "a compressed payload"),
    ]
    made += [
        scenario(f"itsdangerous_1_1_{key}", about, "unsign", {"signed": text}, itsdangerous="1.1")
        for key, text, about in cases
    ]
    made += [
        scenario("itsdangerous_1_1_old_secret", "the fallback holds for old secrets too", "verify_token",
                 {"token": token(digest="sha512").but(secret=OLD[2])}, old_secrets=OLD, itsdangerous="1.1"),
        scenario("itsdangerous_2_2_old_secret", "no fallback, no old secret", "verify_token",
                 {"token": token(digest="sha512").but(secret=OLD[2])}, old_secrets=OLD, itsdangerous="2.2"),
        scenario("itsdangerous_1_1_sign", "1.1 signs with SHA-1 as well", "sign", {"value": 1}, itsdangerous="1.1"),
        scenario("itsdangerous_1_1_create_token", "1.1 signs with SHA-1 as well", "create_token", ["root"],
                 itsdangerous="1.1"),
    ]
    return made


GROUPS = {"old_secrets": rotated, "sha512": sha512}
