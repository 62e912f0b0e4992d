# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # run has set them
#
# The command on the machines of tests/fixtures. Sourced by run, which has $tool, $units,
# $work and tap().

schema=$TREE/docs/dmabuf-vfio-pci.schema.json

# make_machine NAME [COPY]: once; several tests look at the same one.
make_machine()
{
	local dir=$work/machines/${2:-$1}
	mkdir -p "$work/machines"
	[ -d "$dir" ] || "$TREE/tests/fixtures/fake-sys" "$1" "$dir"
}

# on MACHINE COMMAND...: with it as /sys, and with the fake modules.
on()
{
	local machine=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation "$(propagation)" sh -c 'mount --make-rprivate / 2>/dev/null
		mount --bind "$1" /sys || exit 99
		[ ! -d "$2" ] || mount --bind "$2" /lib/modules || exit 99
		shift 2
		exec "$@"' sh "$work/machines/$machine" "$work/lib/modules" "$@"
}

# says STATUS MACHINE PATTERN ARGUMENTS...: one line of the output, as a fixed text.
says()
{
	local want=$1 machine=$2 pattern=$3 status=0
	shift 3
	on "$machine" "$tool" "$@" >"$work/said" 2>&1 || status=$?
	echo "$*: $status, expected $want and: $pattern"
	cat "$work/said"
	[ "$status" = "$want" ]
	grep -qF -- "$pattern" "$work/said"
}

# lacks TEXT: in what it said last.
lacks()
{
	if grep -F -- "$1" "$work/said"; then
		return 1
	fi
}

behind_vmd()
{
	local sentence="10000:01:00.0: it is behind VMD 0000:d7:05.5, which VFIO can only have as a whole"
	make_machine vmd
	says 1 vmd "$sentence" check 10000:01:00.0
	lacks 'bind --group'
	says 2 vmd "$sentence" bind 10000:01:00.0
	says 2 vmd "$sentence" bind --force --group 10000:01:00.0
	# What is above is not in the selection, what is below goes with it.
	says 0 vmd "10000:02:00.0: not bound" unbind --group 10000:01:00.0
	lacks 0000:d7:05.5
	says 0 vmd "0000:d7:05.5: not bound" unbind --group 0000:d7:05.5
	lacks 10000:
}

without_address()
{
	make_machine no-address
	says 1 no-address "BAR 1, 32 GiB, has no address; enable \"Above 4G decoding\"" check 84:00.0
	grep -qF "write a smaller size to its resource1_resize" "$work/said"
	lacks "BAR 1 has the largest size"
	says 1 no-address "IOMMU group 2 cannot be opened because of 0000:84:00.1 (snd_hda_intel); dmabuf-vfio-pci bind --group 0000:84:00.0" \
		check 84:00.0
}

odd_ports()
{
	make_machine ports
	says 1 ports "0000:02:10.0: on the path, its configuration reads as ones" check 03:00.0 04:00.0
	lacks "ask as root"
	grep -qF "write 14 to its resource0_resize; on ENOSPC" "$work/said"
}

claimed()
{
	make_machine ports
	says 1 ports "its driver_override names dmabuf-vfio-pci, but vfio-pci has it" check 03:00.0
	says 0 ports "its driver_override names dmabuf-vfio-pci, but vfio-pci has it" status
	make_machine ports given-up
	says 0 given-up "0000:03:00.0: not bound; its driver_override" unbind 03:00.0
	says 0 given-up "no device is bound" status
	lacks "driver_override"
}

# Any node below the device counts, whoever's driver has made it.
node_is_open()
{
	local machine=$work/machines/in-use/devices/pci0000:00/0000:00:01.0/0000:01:00.0 holder status=0
	make_machine ports in-use
	mkdir -p "$machine/0000:02:08.0/0000:03:00.0/drm/card0"
	echo 1:7 >"$machine/0000:02:08.0/0000:03:00.0/drm/card0/dev"
	sleep 60 7</dev/full &
	holder=$!
	# It has the node open before it is what it is called.
	until [ "$(cat "/proc/$holder/comm")" = sleep ]; do
		sleep 0.01
	done
	says 2 in-use "0000:03:00.0: not bound: sleep (pid $holder) has it open; --force waits" \
		bind 03:00.0 || status=1
	says 1 in-use "0000:03:00.0: sleep (pid $holder) has it open" check 03:00.0 || status=1
	kill $holder
	return $status
}

# What no peer of a machine here imports with: modules that call one function each.
make_modules()
{
	local name function dir
	dir=$work/lib/modules/$(uname -r)
	# What there is to mount over.
	mkdir -p "$dir" /lib/modules
	while read -r name function; do
		echo "void $function(void); void f(void) { $function(); }" |
			cc -x c -c -o "$dir/one_$name.ko" -
	done <<-END
		dynamic dma_buf_dynamic_attach
		revocable ib_umem_dmabuf_get_pinned_revocable_and_lock
		pinned ib_umem_dmabuf_get_pinned
		static drm_gem_prime_import
		nothing pci_enable_device
	END
	/sbin/depmod -b "$work" 2>&1 || true
}

peers()
{
	local at=04 words module
	make_machine peers
	[ -d "$work/lib/modules" ] || make_modules
	while read -r words; do
		# That the module is missing is "no", too.
		says 1 peers "0000:$at:00.0: $words" check 03:00.0 "$at:00.0"
		at=$(printf %02x $((16#$at + 1)))
	done <<-END
		one_dynamic imports dma-bufs and unmaps when notified
		one_revocable pins dma-bufs, and unmaps on a revoke
		one_pinned pins dma-bufs and cannot be revoked, so it is refused
		one_static imports dma-bufs only statically, which is refused
		one_nothing imports no dma-bufs
		one_dynamic imports dma-bufs and unmaps when notified
		whether one_builtin imports dma-bufs is not known
	END
	grep -qx "warning .*one_builtin.*" "$work/said"
	says 1 peers '"peer.imports-nothing"' check --json 03:00.0 08:00.0
	says 1 peers "load the module with pinned_importers=hold" check 03:00.0 06:00.0
	module=$work/machines/peers/module/dmabuf_vfio_pci/parameters
	mkdir -p "$module"
	echo live >"${module%/*}/initstate"
	echo hold >"$module/pinned_importers"
	says 0 peers "0000:06:00.0: one_pinned pins dma-bufs: a device that it holds stays busy" \
		check 03:00.0 06:00.0
}

# A screen is 132 columns wide; names at the end of a line may be cut.
server()
{
	make_machine server
	says 0 server "Island 4, below a common bridge:" topo
	[ "$(grep -c '(and 16 VFs)$' "$work/said")" = 8 ]
	[ "$(grep -cE '^ +[0-9]+ 0000:' "$work/said")" = 28 ]
	[ "$(grep -vE 'disable_acs_redir' "$work/said" | wc -L)" -le 132 ]
	lacks 09a2
	grep -qE '^ +1 0000:19:00.0 +0 +104 +\.  ACS' "$work/said"
	grep -qF 'boot with pci=disable_acs_redir=0000:18:' "$work/said"
	says 1 server "this is slow; boot with pci=disable_acs_redir=0000:18:00.0;0000:18:04.0 if" check 19:00.0 1a:00.0
	says 0 server "0000:16:00.0 " topo --all
	says 0 server "0000:1b:00.1 " topo 1b:00.1 19:00.0
}

cards()
{
	make_machine cards
	says 0 cards "0000:01:00.0 " topo
	grep -qF "0000:02:00.0 " "$work/said"
	grep -qF "0000:03:01.0 " "$work/said"
	lacks 0000:00:
	says 1 cards "IOMMU group 5 cannot be opened because of 0000:03:02.0 (snd_emu10k1); dmabuf-vfio-pci bind --group 0000:03:01.0" \
		check 03:01.0
}

# Only the outer switch's port is in the way of one pair, only the inner's of the other.
deep_switches()
{
	make_machine deep
	says 1 deep "0000:06:00.0: the path from it is THRU_HOST_BRIDGE" check 05:00.0 06:00.0
	grep -qF "boot with pci=disable_acs_redir=0000:02:00.0 if" "$work/said"
	says 1 deep "boot with pci=disable_acs_redir=0000:04:01.0 if" check 05:00.0 07:00.0
	says 1 deep "BUS_ADDR, says this command: below 0000:04:00.0 without ACS" check 05:00.0 05:00.1
	says 1 deep "pci0001:00: this host bridge, 8086:352a (unknown), is not known" check 05:00.0 0001:01:00.0
	says 1 deep "BUS_ADDR, says this command: below 0001:02:00.0" check 0001:03:04.0 0001:03:05.0
	says 0 deep "boot with pci=disable_acs_redir=0000:02:00.0;0000:04:01.0" topo
}

pf_in_use()
{
	make_machine deep
	says 1 deep "0000:06:00.1: its PF 0000:06:00.0 is bound to vfio-pci, so opening it takes a VF token" \
		check 06:00.1
	says 1 deep '"device.vf-token"' check --json 06:08.7
	says 1 deep "0000:06:00.0: it is bound to vfio-pci" check 06:00.0
	lacks token
	make_machine server
	says 1 server "0000:1b:00.1: it is bound to mlx5_core" check 1b:00.1
	lacks token
}

# What is below them are other peers.
not_below()
{
	make_machine deep
	says 1 deep "0000:04:00.0: it is a bridge, which imports nothing" check 06:00.0 04:00.0
	lacks nvidia
	make_machine vmd
	says 1 vmd "0000:d7:05.5: whether vmd imports" check d8:00.0 d7:05.5
	lacks nvme
}

isolated_by_nothing()
{
	export ports=00
	make_machine server direct
	unset ports
	says 0 direct "Island 4" topo
	grep -qE '^ +1 0000:19:00.0 +0 +104 +\.  BUS  BUS' "$work/said"
	lacks 'disable_acs_redir'
}

# In points, of which a page has about 800 by 1100: half its scale is still to be read.
one_page()
{
	local width height
	make_machine server
	on server "$tool" topo --dot | dot -Tsvg >"$work/server.svg"
	read -r width height < <(sed -nE 's/^<svg width="([0-9]+)pt" height="([0-9]+)pt".*/\1 \2/p' "$work/server.svg")
	echo "$width x $height"
	[ "$width" -le 1600 ]
	[ "$height" -le 2200 ]
}

# valid NAME COMMAND...
valid()
{
	local name=$1
	shift
	"$@" >"$work/json" || true
	"$units" valid "$schema" "$name" <"$work/json"
}

json()
{
	local machine
	for machine in vmd no-address ports; do
		make_machine "$machine"
		valid topo on "$machine" "$tool" topo --json
		valid status on "$machine" "$tool" --json status
	done
	valid check on vmd "$tool" check -j 10000:01:00.0 d8:00.0
	valid check on no-address "$tool" -j check 84:00.0
	valid check on ports "$tool" check -j 03:00.0 04:00.0
	valid selftest on ports "$tool" selftest --json
	make_machine deep
	valid check on deep "$tool" check -j 06:00.1 04:00.0
	valid event "$units" event <<<'  a-1  [000] .....  19.006749: dvp_map: device=0000:01:00.0 as=list'
	# A test that nothing fails is none.
	if "$units" valid "$schema" status <<<'{"version": 1}'; then
		return 1
	fi
	valid check on ports "$tool" check -j 03:00.0
	sed -i 's/"level": "ok"/"level": "fine"/' "$work/json"
	if "$units" valid "$schema" check <"$work/json"; then
		return 1
	fi
}

# Every code of a fact is in the schema, and the other way round.
codes()
{
	grep -ohE '"[a-z]+\.[a-z-]+"' "$TREE"/tools/{facts_,selftest}*.c | grep -vF '.h"' | sort -u >"$work/codes"
	[ -s "$work/codes" ]
	sed -n '/"code": {"enum"\|"code": {/,/\]/p' "$schema" | grep -oE '"[a-z]+\.[a-z-]+"' |
		sort -u >"$work/schema"
	diff -u "$work/schema" "$work/codes"
}

test_machines()
{
	tap "a disk behind VMD can only be had with all of it" behind_vmd
	tap "a BAR without an address is not as large as it can be" without_address
	tap "a port that reads as ones is not for root to read" odd_ports
	tap "a device that something else has taken is named" claimed
	tap "bind and check name who has a node of the device open" node_is_open
	tap "check knows how a peer's drivers import" peers
	tap "topo of a large server fits a screen, and shows what ACS costs" server
	tap "topo shows cards whose class is a chipset's, and no chipset" cards
	tap "check finds which of two switches is in the way" deep_switches
	tap "check says that a VF of a PF that VFIO has takes a token" pf_in_use
	tap "a peer is neither a bridge nor what is below it" not_below
	tap "topo without ACS has bus addresses" isolated_by_nothing
	tap "the picture of a large server fits a page" one_page
	tap "what --json prints is as the schema says" json
	tap "the schema has every fact's code" codes
}
