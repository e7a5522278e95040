# Asks this member, on its own endpoint, what it is: identity, list, leader, index. Changes nothing.
# usage: member.sh UNIT ENDPOINT CACERT CERT KEY ETCDCTL
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
unit=$1 etcdctl=$6
ETCDCTL_ENDPOINTS=$2 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=3s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$3" ]; then ETCDCTL_CACERT=$3 && export ETCDCTL_CACERT; fi
if [ -n "$4" ]; then ETCDCTL_CERT=$4 && export ETCDCTL_CERT; fi
if [ -n "$5" ]; then ETCDCTL_KEY=$5 && export ETCDCTL_KEY; fi

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

# Nobody listens on a loopback endpoint: to ask would only wait for its limit. /proc/net has addresses in hexadecimal,
# their bytes reversed; a listener on any address counts. What cannot be judged so is asked.
deaf() { # ENDPOINT
    place=${1#*://} place=${place%%/*}
    case $place in
        *[!0-9.:]*) return 1 ;;
        127.*.*.*:[0-9]*) : ;;
        *) return 1 ;;
    esac
    [ -r /proc/net/tcp ] || return 1
    # shellcheck disable=SC2046 # four numbers are four words
    set -- $(printf '%s' "${place%:*}" | tr . ' ')
    ip=$(printf '%02X%02X%02X%02X' "$4" "$3" "$2" "$1") port=$(printf '%04X' "${place##*:}")
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE ": [0-9A-F]*($ip|0{8}):$port [0-9A-F]*:0000 0A "
}

systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,NRestarts 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
if ! deaf "$2" && status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
    printf '%s' "$status" | say64 status
    # Without quorum both wait for their limit: at the same time. etcdctl reads that limit from its environment too late.
    timeout -k 1 6 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui >/dev/null 2>&1 &
    reading=$!
    timeout -k 1 6 "$etcdctl" member list -w json 2>/dev/null | say64 members
    if wait "$reading"; then
        say quorum yes
    else
        say quorum no
    fi
fi
say end 1
