"""What of ssh_config is not followed here: said, never silent. Keywords of ssh_config(5), OpenSSH 9.9."""

from __future__ import annotations

from collections.abc import Sequence

_OWN_CHOICE = "novatui's own choice is used"
_CARD = "put its keys into the ssh-agent"

# What a person may count on and would not get. Keyword -> (values that change nothing, words).
_IGNORED: dict[str, tuple[tuple[str, ...], str]] = {
    "stricthostkeychecking": (("yes", "true", "ask"), "novatui always checks host keys"),
    "nohostauthenticationforlocalhost": (("no",), "novatui always checks host keys"),
    "knownhostscommand": (("none",), "novatui reads known_hosts files only"),
    "controlmaster": (("no", "false"), "novatui keeps connections of its own"),
    "controlpath": (("none",), "novatui keeps connections of its own"),
    "canonicalizehostname": (("no", "none"), "novatui does not complete names; name the host in full"),
    "pkcs11provider": (("none",), _CARD),
    "smartcarddevice": (("none",), _CARD),
    "securitykeyprovider": (("internal", "none"), "put the key into the ssh-agent"),
    "usekeychain": (("no",), "put the key into the ssh-agent: ssh-add --apple-load-keychain"),
    "hostkeyalgorithms": ((), "novatui chooses by known_hosts"),
    "kexalgorithms": ((), _OWN_CHOICE),
    "ciphers": ((), _OWN_CHOICE),
    "macs": ((), _OWN_CHOICE),
    "casignaturealgorithms": ((), _OWN_CHOICE),
    "pubkeyacceptedalgorithms": ((), _OWN_CHOICE),
    "pubkeyacceptedkeytypes": ((), _OWN_CHOICE),
    "requiredrsasize": ((), "not checked"),
    "verifyhostkeydns": (("no",), "known_hosts alone is believed"),
    "bindaddress": ((), "the system chooses the address"),
    "bindinterface": ((), "the system chooses the interface"),
    "hostbasedauthentication": (("no", "false"), "logins by host are not supported"),
    "gssapiauthentication": (("no", "false"), "logins by Kerberos are not supported"),
    "gssapikeyexchange": (("no", "false"), "logins by Kerberos are not supported"),
    "localcommand": ((), "novatui runs no command of this machine after a login"),
    "remotecommand": (("none",), "novatui runs commands of its own"),
    "sessiontype": (("default",), "novatui runs commands of its own"),
    "addkeystoagent": (("no", "false"), "novatui adds nothing to the agent"),
}
# A distribution's own file switches these on for everybody: only a person's own word for them is one to answer.
_OFTEN = ("gssapiauthentication", "gssapikeyexchange")

_FOLLOWED = frozenset(
    """addressfamily certificatefile challengeresponseauthentication connecttimeout globalknownhostsfile hashknownhosts
    hostkeyalias hostname identitiesonly identityagent identityfile ignoreunknown kbdinteractiveauthentication
    numberofpasswordprompts passwordauthentication port preferredauthentications proxycommand proxyjump proxyusefdpass
    pubkeyauthentication revokedhostkeys tag user userknownhostsfile""".split()  # noqa: SIM905
)
# Nothing that novatui does is other for them, or it has its own word on it (keepalive, forwarding, terminals).
_NOTHING = frozenset(
    """batchmode canonicaldomains canonicalizefallbacklocal canonicalizemaxdots canonicalizepermittedcnames channeltimeout
    checkhostip clearallforwardings compression compressionlevel connectionattempts controlpersist dynamicforward
    enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fingerprinthash forkafterauthentication
    forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports gssapiclientidentity gssapidelegatecredentials
    gssapikexalgorithms gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns hostbasedacceptedalgorithms
    hostbasedkeytypes ipqos kbdinteractivedevices localforward logfacility loglevel logverbose obscurekeystroketiming
    permitlocalcommand permitremoteopen rekeylimit remoteforward requesttty sendenv serveralivecountmax
    serveraliveinterval setenv stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility tcpkeepalive tunnel
    tunneldevice updatehostkeys useprivilegedport versionaddendum visualhostkey warnweakcrypto
    xauthlocation""".split()  # noqa: SIM905
)


def note(keyword: str, args: Sequence[str], *, own: bool) -> str:
    """What to say of one line, or nothing. ``own``: of the person's own file."""
    if keyword in _FOLLOWED or keyword in _NOTHING or (keyword in _OFTEN and not own):
        return ""
    quiet, words = _IGNORED.get(keyword, ((), "it is not known here"))
    return "" if args[0].lower() in quiet else f"{keyword} {args[0]} is not followed: {words}"
