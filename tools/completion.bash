# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of dmabuf-vfio-pci(8) for bash.

# Names of PCI devices: those that are bound, the others, or all.
_dmabuf_vfio_pci_devices()
{
	local devices=/sys/bus/pci/devices driver=/sys/bus/pci/drivers/dmabuf-vfio-pci
	local path name
	# Only the drop-in of that name has this parameter.
	[ ! -e /sys/module/vfio_pci/parameters/exporter ] || driver=/sys/bus/pci/drivers/vfio-pci
	for path in "$devices"/*; do
		name=${path##*/}
		case $1 in
		bound) [ -e "$driver/$name" ] || continue ;;
		others) [ ! -e "$driver/$name" ] || continue ;;
		esac
		printf '%s\n' "$name"
	done
}

_dmabuf_vfio_pci()
{
	local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT}
	local name words="" first=1

	# --json may come before the command.
	case ${COMP_WORDS[1]} in
	-j | --json) first=2 ;;
	esac
	# Device names have colons, at which bash breaks words.
	name=${line##*[[:space:]]}
	if [ "$COMP_CWORD" = 1 ]; then
		words="status check topo bind unbind export monitor selftest --json --help --version"
	elif [ "$COMP_CWORD" = "$first" ]; then
		words="status check topo monitor selftest"
	else
		case ${COMP_WORDS[first]}:$word in
		check:-*) words="--for --json --help" ;;
		status:-*) words="--json --nfd --help" ;;
		monitor:-* | selftest:-*) words="--json --help" ;;
		topo:-*) words="--all --dot --json --help" ;;
		bind:-* | unbind:-*) words="--group --force --no-save --help" ;;
		export:-*) words="--bar --range --mmap --help" ;;
		bind:*) words=$(_dmabuf_vfio_pci_devices others) ;;
		unbind:* | export:* | selftest:*) words=$(_dmabuf_vfio_pci_devices bound) ;;
		check:*)
			words=$(_dmabuf_vfio_pci_devices all)
			[ "${COMP_WORDS[COMP_CWORD - 1]}" != --for ] || words="dpdk kubevirt libvirt proxmox"
			;;
		topo:* | monitor:*) words=$(_dmabuf_vfio_pci_devices all) ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$name")
	# What precedes the last colon is on the line already.
	case $name in
	*:*) COMPREPLY=("${COMPREPLY[@]#"${name%"${name##*:}"}"}") ;;
	esac
}

complete -F _dmabuf_vfio_pci dmabuf-vfio-pci
