# Shared by build.sh and the scripts of its guests. Sets nothing up but functions; they use $out
# (where everything is built, absolute) and $here (this folder).
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
PATH=$PATH:/usr/sbin:/sbin

say() { echo "guests: $*" >&2; }
die() { say "$*"; exit 1; }

# need COMMAND PACKAGE: says what to install when it is missing.
need() { command -v "$1" >/dev/null || die "no $1; install it: apt-get install $2"; }

# From here on packages are those of i386: by lists of apt's in OUT/packages, beside the system's own.
apt=() arch=
use_i386() {
    local state=$out/packages/.i386
    apt=(-o APT::Architecture=i386 -o APT::Architectures=i386 -o "Dir::State=$state" -o "Dir::State::status=$state/status"
        -o "Dir::Cache=$state/cache")
    arch=.i386
    [ -e "$state/status" ] && return
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    apt-get "${apt[@]}" update -q >"$state/log" 2>&1 || true    # a list that matters will be missed below
    touch "$state/status"
}

# fetch PACKAGE: unpacks it in OUT/packages/PACKAGE (PACKAGE.i386); downloaded, not installed.
fetch() {
    local package=$1 dir=$out/packages/$1$arch work
    [ -d "$dir" ] && return
    work=$(mktemp -d "$out/packages/.work.XXXXXX")
    say "downloading $package"
    if ! (cd "$work" && apt-get "${apt[@]}" download -q "$package") >"$work/log" 2>&1; then
        cat "$work/log" >&2
        rm -rf "$work"
        die "cannot download $package; is the network there, and has 'apt-get update' run?"
    fi
    dpkg-deb -x "$work"/*.deb "$work/tree"
    dpkg-deb -f "$work"/*.deb Package Version >"$work/tree/.version"
    chmod 755 "$work/tree"
    mv "$work/tree" "$dir"
    rm -rf "$work"
}

# fresh PRODUCT FILE...: true when OUT/PRODUCT was made from these very files (by their contents);
# else sets $key for `made`.
fresh() {
    local product=$1
    shift
    key=$(cat "$@" | sha256sum)
    [ -s "$out/$product" ] && [ "$(cat "$out/.$product.key" 2>/dev/null)" = "$key" ]
}
made() {   # made PRODUCT: what `fresh` will find next time; PRODUCT.new becomes PRODUCT
    mv "$out/$1.new" "$out/$1"
    echo "$key" >"$out/.$1.key"
}

# pack DIR: a cpio archive for the kernel on stdout, the same bytes every time.
pack() {
    find "$1" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    (cd "$1" && find . -print0 | sort -z |
        cpio --null -o -H newc --reproducible --owner=+0:+0 --quiet | gzip -9n)
}
