#!/bin/sh
# Run on a host, as root: a folder of packages, as a mirror, in which MySQL's server has a newer version.
# Arguments: what is added to the version, and what mysqld becomes there: "works", "fails" at its start, or "refuses" the
# options.
set -eu
suffix=$1 mysqld=$2 mirror=/srv/newer
work=$(mktemp -d)
mkdir -p "$mirror"
cd "$work"
for name in mysql-server mysql-server-core; do
    apt-get -qq download "$name=$(dpkg-query -W -f '${Version}' $name)"
    dpkg-deb --raw-extract ${name}_*.deb $name
    sed -i -E "s/^Version: .*/&$suffix/; s/(mysql-server-core \(= [^)]*)\)/\1$suffix)/" $name/DEBIAN/control
done
[ "$mysqld" = works ] || cat >mysql-server-core/usr/sbin/mysqld <<EOF
#!/bin/sh
case "$mysqld \$*" in
"fails "*--validate-config*) exit 0 ;;
refuses*) echo "[ERROR] [MY-000067] [Server] unknown variable 'tmpdir=/var/tmp'." >&2 ;;
esac
echo "mysqld: this version does not start" >&2
exit 1
EOF
for name in mysql-server mysql-server-core; do
    dpkg-deb -Znone --build $name "$mirror" >/dev/null
done
cd "$mirror"
for file in *.deb; do
    dpkg-deb --field "$file"
    echo "Filename: ./$file"
    echo "Size: $(stat -c %s "$file")"
    echo "SHA256: $(sha256sum "$file" | cut -d ' ' -f 1)"
    echo
done >Packages
echo "deb [trusted=yes] file:$mirror ./" >/etc/apt/sources.list.d/newer.list
apt-get -q update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/newer.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
rm -rf "$work"
