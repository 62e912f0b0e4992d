#compdef dmabuf-vfio-pci
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmabuf-vfio-pci(8) for zsh.

_dmabuf_vfio_pci_devices()
{
	local kind=$1 entry driver=/sys/bus/pci/drivers/dmabuf-vfio-pci
	local -a names
	# Only the drop-in of that name has this parameter.
	[[ ! -e /sys/module/vfio_pci/parameters/exporter ]] || driver=/sys/bus/pci/drivers/vfio-pci
	for entry in /sys/bus/pci/devices/*(N); do
		case $kind in
		bound) [[ -e $driver/${entry:t} ]] || continue ;;
		others) [[ ! -e $driver/${entry:t} ]] || continue ;;
		esac
		names+=(${entry:t})
	done
	compadd -a names
}

_dmabuf_vfio_pci()
{
	local -a commands json force
	commands=(
		'status:kernel, module, bound devices and buffers'
		'check:find what prevents a working transfer'
		'topo:paths between devices'
		'bind:bind devices to the driver'
		'unbind:give devices back'
		'export:run a command with a dma-buf'
		'monitor:follow what happens to buffers'
		'selftest:try whether the driver works'
	)
	json=('(-j --json)'{-j,--json}'[as JSON]' '--help[help]')
	force=(
		'(-g --group)'{-g,--group}'[the whole IOMMU group]'
		'(-f --force)'{-f,--force}'[even if it is in use]'
		'(-n --no-save)'{-n,--no-save}'[without driverctl]'
		'--help[help]'
	)
	if ((CURRENT == 2)); then
		_describe command commands
		compadd -- --json --help --version
		return
	fi
	# --json may come before the command.
	if [[ $words[2] == (-j|--json) ]]; then
		shift words
		((CURRENT--))
		if ((CURRENT == 2)); then
			commands=(${(M)commands:#(status|check|topo|monitor|selftest):*})
			_describe command commands
			return
		fi
	fi
	local command=$words[2]
	shift words
	((CURRENT--))
	case $command in
	status) _arguments $json '(-n --nfd)'{-n,--nfd}'[as labels of a node]' ;;
	monitor) _arguments $json '*:device:_dmabuf_vfio_pci_devices all' ;;
	selftest) _arguments $json '1:device:_dmabuf_vfio_pci_devices bound' ;;
	check)
		_arguments $json '(-f --for)'{-f,--for}'[software that is to have it]:software:(dpdk kubevirt libvirt proxmox)' \
			'*:device:_dmabuf_vfio_pci_devices all'
		;;
	topo)
		_arguments $json '(-a --all)'{-a,--all}'[also devices that cannot export or import]' \
			'(-d --dot)'{-d,--dot}'[as a picture]' '*:device:_dmabuf_vfio_pci_devices all'
		;;
	bind) _arguments $force '*:device:_dmabuf_vfio_pci_devices others' ;;
	unbind) _arguments $force '*:device:_dmabuf_vfio_pci_devices bound' ;;
	export)
		_arguments '(-b --bar)'{-b,--bar}'[number of the BAR]:BAR:(0 1 2 3 4 5)' \
			'*'{-r,--range}'[part of it]:OFFSET\:LENGTH:' \
			'(-m --mmap)'{-m,--mmap}'[processes must be able to map it]' '--help[help]' \
			'1:device:_dmabuf_vfio_pci_devices bound' '2:command:_command_names -e' '*::arguments:_normal'
		;;
	esac
}

_dmabuf_vfio_pci "$@"
