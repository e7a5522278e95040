"""Planted secrets times the forms in which logs, command lines and files give them: no piece of any is left."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import pytest

from novatui.model.masking import mask, mask_env, mask_field, struck
from novatui.model.sanitize import clean

# Each piece is looked for: what is left of half a password is half a password.
PLAIN = (
    "hunter2",
    "Xy,hunter9kk",
    "huna;hunb}hunc",
    "hun:er/hun@er",
    "hun(a)[hunb]{hunc}",
    "-hun",
    "hun&hun=hun<hun>",
)
QUOTES = (
    *PLAIN,
    'huna"hunb',
    "huna'hunb",
    "huna' hunb',hun",
    "hun er hun",
    'hun" hun',
    "hun\\hun",
    'hun", "hun',
    "***hun",
)


def no_quote(secret: str) -> bool:
    return not set("\"' \\") & set(secret)


def shell(secret: str) -> str:
    return "'" + secret.replace("'", "'\"'\"'") + "'"


FORMS: dict[str, Callable[[str], str]] = {
    "json": lambda x: json.dumps({"level": "warn", "password": x, "tail": 1}),
    "json in json": lambda x: json.dumps({"msg": json.dumps({"password": x, "tail": 1})}),
    "json thrice": lambda x: json.dumps([json.dumps({"msg": json.dumps({"token": x, "tail": 1})})]),
    "json nested": lambda x: json.dumps({"credentials": {"user": "root", "value": x}, "tail": 1}),
    "json list": lambda x: json.dumps({"secrets": [x, {"a": [x]}], "tail": 1}),
    "json header": lambda x: json.dumps({"Authorization": [f"Basic {x}"], "tail": 1}),
    "json argv": lambda x: json.dumps(["etcdctl", "--password", x, "tail"]),
    "json user": lambda x: json.dumps(["etcdctl", "--user", f"root:{x}", "tail"]),
    "json variable": lambda x: json.dumps({"name": "DB_PASSWORD", "value": x, "tail": 1}),
    "go variable": lambda x: (
        json.dumps({"environment-variable": f"OURS={x}"}) + " tail" if no_quote(x) else "tail"
    ),
    "double quotes": lambda x: "ran x --password=" + json.dumps(x) + " tail",
    "single quotes": lambda x: f"ran x --password={shell(x)} tail",
    "option": lambda x: f"ran x --password {shell(x)} tail",
    "one dash": lambda x: "ran x -api-key " + json.dumps(x) + " tail",
    "user": lambda x: "ran etcdctl --user " + json.dumps(f"root:{x}") + " tail",
    "curl": lambda x: "ran curl -u " + json.dumps(f"root:{x}") + " tail",
    "yaml": lambda x: f"- token: {x}\ntail",
    "prose": lambda x: f"m1 etcd[7]: the password: {x}\ntail",
    "header": lambda x: f"Authorization: Digest username=root, response={x} {x}\ntail",
}
BARE = {
    "assigned": "DB_PASSWORD={} tail",
    "blanks": "client_secret  =  {} tail",
    "arrow": "'passwd' => {} tail",
    "query": "GET /x?a=1&access_token={}&y=1 tail",
    "option": "ran x --root-token={} tail",
    "option apart": "ran x --db-pass {} tail",
    "tab": "ran x --password\t{} tail",
    "list": "user=a, pwd={}, tail",
    "xml": "<Password>{}</Password> tail",
    "encoded": "url=x%26token%3D{} tail",
    "user": "ETCDCTL_USER=root:{} tail",
    "url": "to redis://:{}@db.local/0 tail",
    "url with user": "proxy http://svc:{}@10.0.0.1:3128/ tail",
    "dsn": "svc:{}@tcp(db:3306)/x tail",
    "sshpass": "sshpass -p {} ssh x tail",
    "in a text": '"msg":"ran --password={}","level":"tail"',
    "unknown": "unrecognized environment variable ETCD_OURS={} tail",
}


@pytest.mark.invariant("INV-18")
def test_no_form_leaves_a_piece_of_a_secret() -> None:
    texts = [(name, secret, form(secret)) for name, form in FORMS.items() for secret in QUOTES]
    texts += [
        (name, secret, form.format(secret))
        for name, form in BARE.items()
        for secret in PLAIN
        if no_quote(secret)
    ]
    found = []
    for name, secret, text in texts:
        if (name.startswith("url") or name == "dsn") and set("<>") & set(secret):
            continue
        shown, count = mask(text)
        if "hun" in shown or ("hun" in text and not count) or "tail" not in shown:
            found.append((name, text, shown))
        if mask(shown) != (shown, 0):
            found.append((name, shown, f"and once more: {mask(shown)}"))
        # At ingest what names itself a password is masked first: no rest of it may be what the recording does not know.
        if "hun" in mask(clean(text))[0]:
            found.append((name, text, f"after ingest: {mask(clean(text))[0]}"))
    assert not found, "\n".join(map(str, found))


DER = base64.b64encode(bytes(range(7, 128))).decode()


@pytest.mark.parametrize(
    "text",
    [
        '"password": 4815162342, "x": 1',
        '{"pin":1,"secret":[4815162342,{"a":4815162342}]}',
        "-----BEGIN RSA PRIVATE KEY-----\\n4815162342\\nAA==\\n-----END RSA PRIVATE KEY-----\\n",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n4815162342\n-----END PGP PRIVATE KEY BLOCK-----",
        '{"auths":{"reg":{"auth":"4815162342"}}}',
        "https://4815162342@git.local/x",
        "got ghp_4815162342AbCdEfGhIjKlMnOp",
        "Set-Cookie: id=4815162342; Path=/",
        "[sudo] пароль: 4815162342",
        "passwords[0]=4815162342",
    ],
)
def test_other_forms(text: str) -> None:
    shown, count = mask(text)
    assert "4815162342" not in shown and count == 1 and mask(shown) == (shown, 0)


def test_a_key_in_base64_in_one_line() -> None:
    for text in (
        f"data {DER}",
        f'"x":"{DER}"',
        base64.b64encode(f"-----BEGIN X PRIVATE KEY-----{DER}".encode()).decode(),
    ):
        shown, count = mask(text)
        assert not any(text[-at - 20 : -at] in shown for at in range(5, 90)) and count == 1
    for path in (
        "/var/lib/Rancher/etcd/member/snap/db/kubernetes/pki/Etcd/healthcheck/client",
        "/tmp/of-Root/of-a-person/with_long_names_of_their_own_0/masters/one/etc/ssl/etcd/member-key.pem",
    ):
        assert mask(path) == (path, 0)


def test_what_our_scripts_say_is_kept_where_no_secret_is_in_it() -> None:
    said = base64.b64encode(
        b"etcdutl: the snapshot file misses its sha256 hash; it says revision 1200"
    ).decode()
    held = base64.b64encode(b"it asks for the password: hunter2, and after that for other things").decode()
    assert mask(f"nv:a=b\\nnv:why64={said}") == (f"nv:a=b\\nnv:why64={said}", 0)
    assert mask(f"nv:why64={held}") == ("nv:why64=***", 1)


def test_what_stands_beside_a_secret_stays() -> None:
    shown, _count = mask('{"level":"warn","password":"a,b","ms":12,"token":5,"last":{"n":"m1"}}')
    assert json.loads(shown) == {
        "level": "warn",
        "password": "***",
        "ms": 12,
        "token": "***",
        "last": {"n": "m1"},
    }


HOSTILE = (
    *(
        "password=",
        "token:[",
        'token="',
        "token=\\",
        "\\",
        'token=a"b ',
        "token=a'b\\\" ",
        "{",
        'secret:{"',
        "pass",
        "--token ",
    ),
    *(
        "-u a:",
        "http://a:",
        "http://a:b@",
        "a:b@tcp(",
        "name:passw",
        "environment variable a",
        "A",
        "aB+/",
        "x=y ",
        " ",
        'Authorization: "',
    ),
    *("-----BEGIN PRIVATE KEY-----", "password: '", "token.", '\\"', '",', "key=", "sshpass -p", "a@"),
)


def test_a_hostile_line_takes_no_longer_than_its_length() -> None:
    """60 KB of each; the processor's time of this process, with room for a slow machine."""
    slow = []
    for piece in HOSTILE:
        text = "token " + piece * (60_000 // len(piece))
        begun = time.process_time()
        mask(text)
        mask_env(text)
        clean(text)
        taken = time.process_time() - begun
        if taken > 2:
            slow.append((piece, taken))
    assert not slow


def test_an_env_files_values_go_on() -> None:
    text = (
        "ETCD_NAME=a\nOURS=hun\\\nhun=x\nETCD_DATA_DIR=/d\n"
        'MORE="hun\nETCD_X=hun\nhun"\nETCD_LOG_LEVEL=info\n'
        '#OLD=hun hun\n# once it was OURS=hun and fine\nETCD_QUOTA="1\nETCD_METRICS=basic\n'
    )
    shown, _count = mask_env(text)
    assert "hun" not in shown
    for stays in ("NAME=a", "DIR=/d", "LEVEL=info", "and fine", "METRICS=basic"):
        assert stays in shown


def test_a_field_whose_name_says_it_goes_whole() -> None:
    assert mask_field("db-password", "hun er, hun") == ("***", 1)
    assert mask_field("environment-variable", "OURS=hun") == ("OURS=***", 1)
    assert mask_field("initial-cluster-token", "k8s_etcd") == ("k8s_etcd", 0)
    assert mask_field("error", "hunter2 is wrong", ("hunter2",)) == ("*** is wrong", 1)


def test_of_two_known_values_the_longer_goes_first() -> None:
    assert struck("it was hunter2-and-more", ("hunter2", "hunter2-and-more")) == ("it was ***", 1)
