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

systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,NRestarts 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
if status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
    printf '%s' "$status" | say64 status
    timeout -k 1 5 "$etcdctl" member list -w json 2>/dev/null | say64 members
    if timeout -k 1 5 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui >/dev/null 2>&1; then
        say quorum yes
    else
        say quorum no
    fi
fi
say end 1
