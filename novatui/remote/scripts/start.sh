# Lifts the hold and starts etcd, only on data that is what it must be.
# usage: start.sh look|do RUN WORK_DIR UNIT DATA MARK START [ENV_FILE SHA256 KEY=VALUE ..]
# MARK: this run's marker below DATA that must be there; "" for the data from before, which must not carry it;
#       "-" for a member that joins: under the hold DATA must have no log yet.
# With MARK "" and no log in DATA (nv:nothing=yes) nothing is started, and the hold stays for the release: while the state is
# "existing" a blank member would join under the ID it had, and vote without the log that it promised to keep.
# START: yes, or no to lift the hold alone (the unit was stopped before the run).
# ENV_FILE: the env that was proved must be the one that starts: the copy that the hold made of it has this SHA256, and the
#       file is that copy with exactly these lines for these keys. Without: it is not looked at.
# exit 3: the data or the env file is not what it must be, nothing was started
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 work=$3 unit=$4 data=$5 mark=$6 start=$7
shift 7
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

held_by=
[ ! -e "$work/hold" ] || held_by=$(head -n 1 "$work/hold")
restored=no
for path in "$data/.novatui-run" "$data/member/.novatui-run"; do
    [ "$(head -n 1 "$path" 2>/dev/null)" != "$run" ] || restored=yes
done

nothing=no
if [ -z "$mark" ] && [ "$restored" = no ]; then
    nothing=yes
    for file in "$data"/member/wal/*.wal; do [ ! -s "$file" ] || nothing=no; done
fi

if [ "$verb" = look ]; then
    systemctl show "$unit" -p LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,NRestarts 2>/dev/null |
        while IFS= read -r line; do printf 'nv:unit.%s\n' "$line"; done
    say restored "$restored"
    say held_by "$held_by"
    [ -n "$mark" ] || say nothing "$nothing"
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
refuse() { echo "novatui: not started: $1" >&2; exit 3; }

# The lines of file $1 for none of the keys that follow, each KEY=VALUE.
without() {
    file=$1
    shift
    while IFS= read -r line || [ -n "$line" ]; do
        stripped=${line#"${line%%[! 	]*}"}
        for pair in "$@"; do
            case $stripped in "${pair%%=*}="*) continue 2 ;; esac
        done
        printf '%s\n' "$line"
    done <"$file"
}

env_is_proved() {
    env_file=$1 sha256=$2
    shift 2
    copy=$env_file.novatui-$run
    found=$(sha256sum <"$copy" 2>/dev/null) || refuse "there is no copy of the env file that was proved: $copy"
    [ "${found%% *}" = "$sha256" ] || refuse "$copy is not the env file that was proved"
    [ -r "$env_file" ] || refuse "$env_file cannot be read"
    if [ "$(without "$env_file" "$@")" != "$(without "$copy" "$@")" ]; then
        refuse "$env_file was changed since it was proved: see diff $copy $env_file"
    fi
    for pair in "$@"; do
        if [ "$(grep "^[[:blank:]]*${pair%%=*}=" "$env_file")" != "$pair" ]; then
            refuse "$env_file was changed since it was proved: it must have the one line $pair"
        fi
    done
}

if [ $# -gt 0 ] && [ "$start" = yes ]; then env_is_proved "$@"; fi
if [ -n "$held_by" ] && [ "$held_by" != "$run" ]; then refuse "this master is held by run $held_by"; fi
if [ "$mark" = - ]; then
    for file in "$data"/member/wal/*.wal; do
        if [ -n "$held_by" ] && [ -e "$file" ]; then refuse "$data has a log: a new member begins with nothing"; fi
    done
elif [ -n "$mark" ]; then
    [ "$(head -n 1 "$data/$mark" 2>/dev/null)" = "$run" ] || refuse "$data does not carry this run's marker"
    [ -s "$data/member/snap/db" ] || refuse "no $data/member/snap/db"
    wal=no
    for file in "$data"/member/wal/*.wal; do [ ! -s "$file" ] || wal=yes; done
    [ "$wal" = yes ] || refuse "no log in $data/member/wal"
elif [ "$restored" = yes ]; then
    refuse "$data is still the restored data of this run"
elif [ "$nothing" = yes ]; then
    echo "novatui: not started: no log in $data" >&2
    exit 0
fi
if [ -n "$held_by" ]; then
    rm -f -- "$work/hold" || exit 1
    sync -- "$work" || exit 1
fi
[ "$start" = yes ] || exit 0
systemctl reset-failed "$unit" 2>/dev/null || :
exec systemctl start --no-block "$unit"
