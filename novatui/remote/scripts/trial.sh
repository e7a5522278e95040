# Shows, by doing it with files of its own, that this run can write, rename and sync where it will have to: beside the data
# and beside the env file; and that there is room for new data beside the old.
# usage: trial.sh look STAGE RUN
#        trial.sh do STAGE RUN ENV_FILE NEED_KIB
# STAGE is a sibling of what will be renamed. exit 1: it cannot, and says what.
set -u
LC_ALL=C
export LC_ALL
verb=$1 stage=$2 run=$3
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

if [ "$verb" = look ]; then
    if [ "$(head -n 1 "$stage/run" 2>/dev/null)" = "$run" ] && [ -f "$stage/tried" ]; then
        say tried yes
        cat "$stage/tried"
    else
        say tried no
    fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
env_file=$4 need=$5
umask 077
fail() { echo "novatui: $1" >&2; exit 1; }

if [ -e "$stage" ] && [ "$(cat "$stage/run" 2>/dev/null)" != "$run" ] && { [ -s "$stage/run" ] || [ -n "$(ls -A -I run -- "$stage")" ]; }; then
    fail "$stage is not of this run"
fi
if ! { mkdir -p -- "$stage" && printf '%s\n' "$run" >"$stage/run" && sync -- "$stage/run" "$stage"; }; then
    fail "no directory can be made beside the data: $stage"
fi
# What is renamed later is a sibling: so is this. Left from an interrupted try it is empty and ours by its name.
rmdir -- "$stage.try" "$stage.tried" 2>/dev/null
if ! { mkdir -- "$stage.try" && mv -T -- "$stage.try" "$stage.tried" && sync -- "$(dirname -- "$stage")" && rmdir -- "$stage.tried"; }; then
    fail "a directory beside the data cannot be renamed: $stage.try"
fi
copy=$env_file.novatui-$run.try
rm -f -- "$copy" "$copy.2"
if ! { cp -p -- "$env_file" "$copy" && sync -- "$copy" && mv -T -- "$copy" "$copy.2" && rm -f -- "$copy.2"; }; then
    fail "no file beside the env file can be written and renamed: $copy"
fi
free=$(df -Pk -- "$stage" | tail -n 1 | tr -s ' ' | cut -d' ' -f4)
[ "$free" -ge "$need" ] || fail "no room for new data beside the old: needs $need KiB, $free KiB free in $(dirname -- "$stage")"
if ! { say free_kib "$free" >"$stage/tried.part" && sync -- "$stage/tried.part" && mv -T -- "$stage/tried.part" "$stage/tried"; }; then
    fail "nothing can be written to $stage"
fi
sync -- "$stage"
