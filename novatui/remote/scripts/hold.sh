# Keeps systemd, and anybody, from starting etcd while its data is exchanged; state=existing makes a blank one refuse.
# usage: hold.sh look|do RUN WORK_DIR UNIT UNIT_DIR ENV_FILE
# exit 3: another run holds this master
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 work=$3 unit=$4 unit_dir=$5 env_file=$6
dropin_dir=$unit_dir/$unit.service.d
dropin=$dropin_dir/00-novatui-hold.conf
copy=$env_file.novatui-$run

say() { printf 'nv:%s=%s\n' "$1" "$2"; }
dropin_text() { printf '# novatui run %s\n[Unit]\nAssertPathExists=!%s\n' "$run" "$work/hold"; }

is_state_line() {
    stripped=${1#"${1%%[! 	]*}"}
    case $stripped in ETCD_INITIAL_CLUSTER_STATE=*) return 0 ;; *) return 1 ;; esac
}

# The env file's lines with the state set to existing, whatever it was and however it was quoted.
held_env() {
    seen=no
    while IFS= read -r line || [ -n "$line" ]; do
        if is_state_line "$line"; then seen=yes line=ETCD_INITIAL_CLUSTER_STATE=existing; fi
        printf '%s\n' "$line"
    done <"$1"
    [ "$seen" = yes ] || printf 'ETCD_INITIAL_CLUSTER_STATE=existing\n'
}

held_by=
[ ! -e "$work/hold" ] || held_by=$(head -n 1 "$work/hold")
if [ -n "$held_by" ] && [ "$held_by" != "$run" ]; then
    say hold "other"
    say by "$held_by"
    say end 1
    echo "novatui: this master is held by run $held_by" >&2
    [ "$verb" = look ] && exit 0
    exit 3
fi

if [ "$verb" = look ]; then
    file=no drop=no env=no copied=no
    [ "$held_by" != "$run" ] || file=yes
    [ "$(cat "$dropin" 2>/dev/null)" != "$(dropin_text)" ] || drop=yes
    [ "$(held_env "$env_file")" != "$(cat "$env_file")" ] || env=yes
    [ ! -f "$copy" ] || copied=yes
    say hold "$file"
    say dropin "$drop"
    say env "$env"
    say copy "$copied"
    say reload "$(systemctl show "$unit" -p NeedDaemonReload --value 2>/dev/null)"
    say dropins "$(systemctl show "$unit" -p DropInPaths --value 2>/dev/null)"
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
set -e
umask 077
if [ ! -d "$work" ]; then mkdir -p -- "$work"; fi
# 1. The file, then the condition on it: nothing can start from the reload on.
printf '%s\n' "$run" >"$work/.hold.$run"
sync -- "$work/.hold.$run"
mv -T -- "$work/.hold.$run" "$work/hold"
sync -- "$work"
umask 022
mkdir -p -- "$dropin_dir"
dropin_text >"$dropin_dir/.novatui-hold.$run"
sync -- "$dropin_dir/.novatui-hold.$run"
mv -T -- "$dropin_dir/.novatui-hold.$run" "$dropin"
sync -- "$dropin_dir" "$unit_dir"
systemctl daemon-reload
# 2. The env file: a copy kept as it was, then one rename.
env_dir=$(dirname -- "$env_file")
if [ ! -f "$copy" ]; then
    cp -p -- "$env_file" "$copy.part"
    sync -- "$copy.part"
    mv -T -- "$copy.part" "$copy"
fi
if [ "$(held_env "$env_file")" != "$(cat "$env_file")" ]; then
    cp -p -- "$env_file" "$env_file.novatui-$run.next"
    held_env "$env_file" >"$env_file.novatui-$run.next"
    sync -- "$env_file.novatui-$run.next"
    mv -T -- "$env_file.novatui-$run.next" "$env_file"
    if command -v restorecon >/dev/null 2>&1; then restorecon -- "$env_file" || :; fi
fi
sync -- "$env_dir"
