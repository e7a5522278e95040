# Shows that this run may do its work here, before anything is done: privilege by trying access, never by name.
# usage: reach.sh RUN WORK_DIR UNIT UNIT_DIR ENV_FILE DATA ENDPOINT CACERT CERT KEY ETCDCTL
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
run=$1 work=$2 unit=$3 unit_dir=$4 env_file=$5 data=$6
say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }

for path in "$unit_dir" "$(dirname -- "$env_file")" "$(dirname -- "$data")"; do
    [ -w "$path" ] || printf '%s' "$path" | say64 readonly
done
if [ -d "$data" ] && [ ! -w "$data" ]; then printf '%s' "$data" | say64 readonly; fi
held=
[ ! -e "$work/hold" ] || held=$(head -n 1 "$work/hold")
say ours "$([ "$held" = "$run" ] && echo yes)"
say held_by "$held"
say boot_id "$(systemd-id128 boot-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
say now "$(date +%s)"
systemctl show "$unit" -p LoadState,ActiveState,SubState 2>/dev/null |
    while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
ETCDCTL_ENDPOINTS=$7 ETCDCTL_DIAL_TIMEOUT=2s ETCDCTL_COMMAND_TIMEOUT=3s
export ETCDCTL_ENDPOINTS ETCDCTL_DIAL_TIMEOUT ETCDCTL_COMMAND_TIMEOUT
if [ -n "$8" ]; then ETCDCTL_CACERT=$8 && export ETCDCTL_CACERT; fi
if [ -n "$9" ]; then ETCDCTL_CERT=$9 && export ETCDCTL_CERT; fi
shift 9
if [ -n "$1" ]; then ETCDCTL_KEY=$1 && export ETCDCTL_KEY; fi
etcdctl=$2
if status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
    printf '%s' "$status" | say64 status
fi
say end 1
