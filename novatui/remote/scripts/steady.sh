# Whether this member has quorum without a break: a linearizable read twice a second, for SECONDS.
# usage: steady.sh ENDPOINT CACERT CERT KEY ETCDCTL SECONDS
# nv:steady=yes when every read came back within 4 s; nv:status164 and nv:status264 before and after: another leader or
# term means an election in between.
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
etcdctl=$5 seconds=$6
ETCDCTL_ENDPOINTS=$1 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=2s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$2" ]; then ETCDCTL_CACERT=$2 && export ETCDCTL_CACERT; fi
if [ -n "$3" ]; then ETCDCTL_CERT=$3 && export ETCDCTL_CERT; fi
if [ -n "$4" ]; then ETCDCTL_KEY=$4 && export ETCDCTL_KEY; fi

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

# Seconds that no step of the clock changes, where the kernel tells them.
uptime_s() {
    if read -r up _ 2>/dev/null </proc/uptime; then echo "${up%%.*}"; else date +%s; fi
}

timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null | say64 status1
began=$(uptime_s) steady=yes reads=0
while :; do
    if ! timeout -k 1 4 "$etcdctl" get --consistency=l --limit=1 --keys-only novatui >/dev/null 2>&1; then
        steady=no
        break
    fi
    reads=$((reads + 1))
    [ $(($(uptime_s) - began)) -le "$seconds" ] || break # whole seconds: the first may be short
    sleep 0.5
done
say steady "$steady"
say reads "$reads"
timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null | say64 status2
say end 1
