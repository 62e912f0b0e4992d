# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of dmabuf-vfio-pci(8) for fish.

function __dmabuf_vfio_pci_devices
    for path in /sys/bus/pci/devices/*
        set -l name (basename $path)
        set -l bound /sys/bus/pci/drivers/dmabuf-vfio-pci/$name
        # Only the drop-in of that name has this parameter.
        test -e /sys/module/vfio_pci/parameters/exporter; and set bound /sys/bus/pci/drivers/vfio-pci/$name
        switch $argv[1]
            case bound
                test -e $bound; or continue
            case others
                test -e $bound; and continue
        end
        echo $name
    end
end

set -l command complete -c dmabuf-vfio-pci
set -l commands status check topo bind unbind export monitor selftest

$command -f
$command -n "not __fish_seen_subcommand_from $commands" -a status -d "kernel, module, bound devices and buffers"
$command -n "not __fish_seen_subcommand_from $commands" -a check -d "find what prevents a working transfer"
$command -n "not __fish_seen_subcommand_from $commands" -a topo -d "paths between devices"
$command -n "not __fish_seen_subcommand_from $commands" -a bind -d "bind devices to the driver"
$command -n "not __fish_seen_subcommand_from $commands" -a unbind -d "give devices back"
$command -n "not __fish_seen_subcommand_from $commands" -a export -d "run a command with a dma-buf"
$command -n "not __fish_seen_subcommand_from $commands" -a monitor -d "follow what happens to buffers"
$command -n "not __fish_seen_subcommand_from $commands" -a selftest -d "try whether the driver works"
$command -n "not __fish_seen_subcommand_from $commands" -l version -d "version"
$command -n "not __fish_seen_subcommand_from $commands" -s j -l json -d "as JSON"
$command -l help -d "help"
$command -n "__fish_seen_subcommand_from status check topo monitor selftest" -s j -l json -d "as JSON"
$command -n "__fish_seen_subcommand_from status" -s n -l nfd -d "as labels of a node"
$command -n "__fish_seen_subcommand_from check" -s f -l for -x -a "dpdk kubevirt libvirt proxmox" -d "software that is to have it"
$command -n "__fish_seen_subcommand_from topo" -s a -l all -d "also devices that cannot export or import"
$command -n "__fish_seen_subcommand_from topo" -s d -l dot -d "as a picture"
$command -n "__fish_seen_subcommand_from bind unbind" -s g -l group -d "the whole IOMMU group"
$command -n "__fish_seen_subcommand_from bind unbind" -s f -l force -d "even if it is in use"
$command -n "__fish_seen_subcommand_from bind unbind" -s n -l no-save -d "without driverctl"
$command -n "__fish_seen_subcommand_from export" -s b -l bar -x -a "0 1 2 3 4 5" -d "number of the BAR"
$command -n "__fish_seen_subcommand_from export" -s r -l range -x -d "OFFSET:LENGTH"
$command -n "__fish_seen_subcommand_from export" -s m -l mmap -d "processes must be able to map it"
$command -n "__fish_seen_subcommand_from bind" -a "(__dmabuf_vfio_pci_devices others)"
$command -n "__fish_seen_subcommand_from unbind export selftest" -a "(__dmabuf_vfio_pci_devices bound)"
$command -n "__fish_seen_subcommand_from check topo monitor" -a "(__dmabuf_vfio_pci_devices all)"
