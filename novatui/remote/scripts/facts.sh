# What the poll of one master builds on: its env file, how the unit uses it, the boot, the data directory. Read-only, once.
# usage: facts.sh NONCE UNIT ENV_FILE
# stdout: as poll.sh's, one frame
set -u
LC_ALL=C
export LC_ALL
nonce=$1 unit=$2 env_file=$3

mark() { printf '\n%s %s\n' "$nonce" "$*"; }

systemd-id128 boot-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id
mark boot
timeout 5 systemctl show "$unit" -p LoadState,ExecStart,EnvironmentFiles,Environment,DropInPaths,FragmentPath,User,TimeoutStopUSec 2>&1
mark unit "$?"
# What is no regular file is not opened: a pipe would be waited for without end.
if [ -f "$env_file" ]; then
    cksum <"$env_file" 2>/dev/null
    mark cksum "$?"
    head -c 262144 -- "$env_file" 2>&1
    mark env "$?"
elif [ -e "$env_file" ]; then
    mark env odd
else
    mark env missing
fi
mark end
