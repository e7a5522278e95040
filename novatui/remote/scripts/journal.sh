# Follows the journal of one unit as JSON lines, until stdin ends or is quiet for 15 s.
# usage: journal.sh UNIT LINES [CURSOR]
# With CURSOR everything from that record on, it included: the reader drops it, or knows that records are missing. Two phases,
# for -f alone means "this boot" and would lose what was written before a reboot.
set -u
LC_ALL=C
export LC_ALL
unit=$1 lines=$2 cursor=${3-}

show() {
    journalctl -u "$unit" -o json --all --no-pager --output-fields=MESSAGE,PRIORITY,UNIT,SYSLOG_IDENTIFIER "$@"
}
# A cursor's own words hold no quote; in a message they would be escaped.
last_cursor() { tail -n 1 | sed -n 's/.*"__CURSOR" *: *"\([^"]*\)".*/\1/p'; }

exec 3>&1
last=
if [ -n "$cursor" ]; then last=$(show --cursor="$cursor" | tee /dev/fd/3 | last_cursor); fi
if [ -z "$last" ]; then last=$(show -n "$lines" | tee /dev/fd/3 | last_cursor); fi
if [ -n "$last" ]; then set -- --cursor="$last"; else set --; fi
journalctl -u "$unit" -o json --all --no-pager --output-fields=MESSAGE,PRIORITY,UNIT,SYSLOG_IDENTIFIER -f --no-tail "$@" &
follower=$!
# Once it has ended, the shell that waits for another of its own lets its number go, and the number may be anybody's.
ours() { read -r _ _ _ parent _ <"/proc/$follower/stat" && [ "$parent" = "$$" ]; } 2>/dev/null
trap '! ours || kill "$follower" 2>/dev/null' EXIT
trap 'exit 143' TERM HUP INT
while timeout 15 sh -c 'read -r x'; do
    if ! ours; then
        wait "$follower"
        exit 1
    fi
done
