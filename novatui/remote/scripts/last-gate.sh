# The last questions to this member: two looks at its index a second apart, the hash of its keys at one revision
# (nv:hashed=newest: at its newest instead), and a write that leaves the revision alone (a lease granted and revoked).
# usage: last-gate.sh ENDPOINT CACERT CERT KEY ETCDCTL REVISION [MANIFEST KEPT]
# MANIFEST and KEPT: of this master's API server, and where it is while it is fenced (nv:fenced=yes, at both looks).
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
etcdctl=$5 revision=$6
ETCDCTL_ENDPOINTS=$1 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=10s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$2" ]; then ETCDCTL_CACERT=$2 && export ETCDCTL_CACERT; fi
if [ -n "$3" ]; then ETCDCTL_CERT=$3 && export ETCDCTL_CERT; fi
if [ -n "$4" ]; then ETCDCTL_KEY=$4 && export ETCDCTL_KEY; fi

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
is_fenced() { [ -n "$manifest" ] && [ ! -e "$manifest" ] && [ -e "$kept" ]; }

fenced=no manifest=${7:-} kept=${8:-}
is_fenced && fenced=yes
timeout -k 1 12 "$etcdctl" endpoint status -w json 2>/dev/null | say64 status1
# Hashing reads all keys: of some GB on a slow disk that takes its time, and etcdctl hears this limit for it.
hash_keys() { ETCDCTL_COMMAND_TIMEOUT=60s timeout -k 1 70 "$etcdctl" endpoint hashkv "$@" -w json 2>/dev/null; }
# A revision that was compacted (a snapshot taken right after, or the cure of a full database) has no hash: then the newest.
if hashed=$(hash_keys --rev="$revision"); then
    printf '%s' "$hashed" | say64 hashkv
else
    say hashed newest
    hash_keys | say64 hashkv
fi
if lease=$(timeout -k 1 12 "$etcdctl" lease grant 30 2>&1); then
    # "lease 694d... granted with TTL(30s)"
    id=$(printf '%s\n' "$lease" | sed -n 's/^lease \([0-9a-f][0-9a-f]*\) granted.*/\1/p' | head -n 1)
    if [ -n "$id" ] && timeout -k 1 12 "$etcdctl" lease revoke "$id" >/dev/null 2>&1; then
        say write yes
    else
        printf '%s' "granted, not revoked: $lease" | say64 write_error
    fi
else
    printf '%s' "$lease" | tail -n 1 | head -c 600 | say64 write_error
fi
sleep 1
timeout -k 1 12 "$etcdctl" endpoint status -w json 2>/dev/null | say64 status2
is_fenced || fenced=no
[ -z "$manifest" ] || say fenced "$fenced"
say end 1
