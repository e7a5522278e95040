# The hash of this member's keys at one revision; nv:hashed=newest: at its newest instead, when it has no hash of that one.
# usage: hash.sh ENDPOINT CACERT CERT KEY ETCDCTL REVISION [LIMIT]
# LIMIT: within so many seconds, and of that revision or of none
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
etcdctl=$5 revision=$6 limit=${7:-60}
ETCDCTL_ENDPOINTS=$1 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=${limit}s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$2" ]; then ETCDCTL_CACERT=$2 && export ETCDCTL_CACERT; fi
if [ -n "$3" ]; then ETCDCTL_CERT=$3 && export ETCDCTL_CERT; fi
if [ -n "$4" ]; then ETCDCTL_KEY=$4 && export ETCDCTL_KEY; fi

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

if status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
    printf '%s' "$status" | say64 status
    if hashed=$(timeout -k 1 $((limit + 10)) "$etcdctl" endpoint hashkv --rev="$revision" -w json 2>/dev/null); then
        printf '%s' "$hashed" | say64 hashkv
    elif [ $# -lt 7 ]; then
        say hashed newest
        timeout -k 1 70 "$etcdctl" endpoint hashkv -w json 2>/dev/null | say64 hashkv
    fi
fi
say end 1
