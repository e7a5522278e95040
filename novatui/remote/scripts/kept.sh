# Reads back what mirror.sh keeps of a run on this master; changes nothing.
# usage: kept.sh WORK_DIR RUN NAME ..
# stdout: nv:NAME64=CONTENT for each file that is there, nv:lacks=NAME for each that is not; the last line is nv:end=1
# exit 1: a file is there and cannot be read
set -u
dir=$1/$2
shift 2
for name in "$@"; do
    if [ -e "$dir/$name" ]; then
        content=$(base64 <"$dir/$name") || exit 1
        printf 'nv:%s64=%s\n' "$name" "$(printf '%s' "$content" | tr -d '\n')"
    else
        printf 'nv:lacks=%s\n' "$name"
    fi
done
printf 'nv:end=1\n'
