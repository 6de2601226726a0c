#!/usr/bin/env bash
# Unpacks syslog-ng with its http() destination into a folder of its own, for the tests that send with it: as a Debian package it
# would put out rsyslog, which they need too. Prints the folder. SEGPROOF_SYSLOG_NG names another.
set -euo pipefail
folder=${SEGPROOF_SYSLOG_NG:-${XDG_CACHE_HOME:-$HOME/.cache}/segproof/syslog-ng}
if [ ! -x "$folder/usr/sbin/syslog-ng" ]; then
  packages=(syslog-ng-core syslog-ng-mod-http libivykis0 libnet1 libpcre3)
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  chmod 755 "$place"
  mkdir -p "$(dirname "$folder")"
  # A download as root is done by another user where that is possible, and it says so where it is not.
  (cd "$place" && apt-get download -q "${packages[@]}" >log 2>&1) || { cat "$place/log" >&2; exit 1; }
  for package in "$place"/*.deb; do dpkg -x "$package" "$place/unpacked"; done
  rm -rf "$folder"
  mv "$place/unpacked" "$folder"
fi
echo "$folder"
