# Shows that this run may do its work here, before anything is done: privilege by trying access, never by name.
# usage: reach.sh RUN WORK_DIR UNIT UNIT_DIR ENV_FILE DATA ENDPOINT CACERT CERT KEY ETCDCTL
set -u
LC_ALL=C ETCDCTL_API=3
export LC_ALL ETCDCTL_API
unset ETCDCTL_WRITE_OUT ETCDCTL_DISCOVERY_SRV # a login shell's own would end every call
run=$1 work=$2 unit=$3 unit_dir=$4 env_file=$5 data=$6
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
endpoint=$7
if [ -n "$8" ]; then ETCDCTL_CACERT=$8 && export ETCDCTL_CACERT; fi
if [ -n "$9" ]; then ETCDCTL_CERT=$9 && export ETCDCTL_CERT; fi
shift 9
if [ -n "$1" ]; then ETCDCTL_KEY=$1 && export ETCDCTL_KEY; fi
etcdctl=$2
if ! deaf "$endpoint" && status=$(timeout -k 1 5 "$etcdctl" endpoint status -w json 2>/dev/null); then
    printf '%s' "$status" | say64 status
fi
say end 1
