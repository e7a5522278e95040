# After a restore: do API servers serve again, and which nodes do they call ready? Changes nothing.
# usage: kube.sh KUBECTL KUBECONFIG WAIT_S
# Waits until they are ready, at most WAIT_S. nv:ready=yes|no|unknown, nv:why64 the last words against it.
set -u
LC_ALL=C
export LC_ALL
kubectl=$1 config=$2 wait=$3
say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
ask() { timeout -k 1 8 "$kubectl" --kubeconfig "$config" --request-timeout=5s "$@"; }

if ! command -v "$kubectl" >/dev/null 2>&1 || [ ! -r "$config" ]; then
    say ready unknown
    printf '%s' "no $kubectl, or no $config, on this master" | say64 why
    say end 1
    exit 0
fi
until=$(($(date +%s) + wait))
ready=no
while :; do
    if why=$(ask get --raw /readyz 2>&1); then ready=yes; break; fi
    [ "$(date +%s)" -lt "$until" ] || break
    sleep 2
done
say ready "$ready"
if [ "$ready" = yes ]; then ask get nodes --no-headers 2>/dev/null | head -n 2000 | say64 nodes
else printf '%s' "$why" | tail -n 1 | head -c 600 | say64 why
fi
say end 1
