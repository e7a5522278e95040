# Keeps what a restart will wipe out: the journal's tail, systemd's status, and where the process hangs. Only reads /proc:
# a stack of Go's own would need SIGQUIT, which ends etcd.
# usage: evidence.sh do|look|drop RUN WORK_DIR UNIT
# It lies in WORK_DIR/RUN/evidence, there whole or not at all.
set -u
umask 077
LC_ALL=C
export LC_ALL
verb=$1 run=$2 work=$3 unit=$4
kept=$work/$run/evidence

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
say64() { printf 'nv:%s64=%s\n' "$1" "$(base64 | tr -d '\n')"; }
show() { systemctl show "$unit" -p "$1" --value 2>/dev/null; }

if [ "$verb" = look ]; then
    if [ -d "$kept" ]; then
        say kept yes
        printf '%s' "$kept" | say64 path
        for file in "$kept"/*; do say file "${file##*/} $(stat -c %s -- "$file")"; done
        cat -- "$kept/facts"
    else
        say kept no
    fi
    say end 1
    exit 0
fi
if [ "$verb" = drop ]; then
    rm -rf -- "$kept" "$kept.part"
    if [ -d "$work/$run" ]; then rmdir -- "$work/$run" 2>/dev/null; fi
    exit 0
fi
[ "$verb" = 'do' ] || exit 64

part=$kept.part
rm -rf -- "$part"
[ -d "$work" ] || mkdir -p -- "$work" || exit 1
mkdir -p -- "$part" || exit 1
most() { head -c 4194304; } # a file of ours is no reason for a full disk

# What one directory of /proc says of a process or a thread: where it waits, and in which call.
where() {
    for name in comm status wchan syscall stack; do
        [ -r "$1/$name" ] || continue
        echo "[$name]"
        cat -- "$1/$name" 2>&1
        echo
    done
}

journalctl -u "$unit" -o json --all --no-pager -n 2000 2>&1 | most >"$part/journal.json"
systemctl status "$unit" --no-pager --full -n 200 2>&1 | most >"$part/status.txt"
systemctl show "$unit" 2>&1 | most >"$part/show.txt"
df -Pk 2>&1 | most >"$part/disk.txt"
# Tasks that the kernel saw blocked for two minutes, disks that failed, what the OOM killer did.
dmesg 2>/dev/null | tail -n 300 | most >"$part/kernel.txt"
pid=$(show MainPID)
if [ "${pid:-0}" != 0 ] && [ -d "/proc/$pid" ]; then
    {
        where "/proc/$pid"
        echo "[limits]" && cat -- "/proc/$pid/limits"
        echo "[open files]" && ls -l -- "/proc/$pid/fd"
    } 2>&1 | most >"$part/process.txt"
    for task in "/proc/$pid/task"/*; do
        echo "== thread ${task##*/}"
        where "$task"
    done 2>&1 | most >"$part/threads.txt"
fi
{
    say invocation "$(show InvocationID)"
    say pid "${pid:-0}"
    say active "$(show ActiveState)"
    say sub "$(show SubState)"
    if [ -f "$part/process.txt" ]; then
        sed -n 's/^State:[	 ]*//p' "$part/process.txt" | head -n 1 | say64 process
        # "5 futex_wait_queue, 1 do_signal_stop": what its threads wait for, by how many.
        for task in "/proc/$pid/task"/*; do
            cat -- "$task/wchan" 2>/dev/null && echo
        done | sort | uniq -c | sort -rn | head -n 5 | while read -r count name; do printf '%s %s, ' "$count" "$name"; done | say64 waits
    fi
} >"$part/facts"
for file in "$part"/*; do sync -- "$file" || exit 1; done
mv -T -- "$part" "$kept" || exit 1
sync -- "$work/$run" "$work"
