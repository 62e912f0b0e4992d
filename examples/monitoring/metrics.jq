# SPDX-License-Identifier: MIT
#
# dmabuf-vfio-pci status --json | jq -rf metrics.jq: metrics for Prometheus' node exporter
def family($name; $type; $help; samples):
  "# HELP dmabuf_vfio_pci_\($name) \($help)", "# TYPE dmabuf_vfio_pci_\($name) \($type)", "dmabuf_vfio_pci_\($name){" + samples;
family("loaded"; "gauge"; "Whether the module is loaded."; .module |
  "version=\"\(.version // "")\",exporter=\"\(.exporter // "")\"} \(if .loaded then 1 else 0 end)"),
(.devices | select(length > 0) |
  family("blocked"; "gauge"; "Whether the memory of a device is unreachable."; .[] |
    select(.state.blocked) | "device=\"\(.name)\"} \(if .state.blocked == [] then 0 else 1 end)"),
  family("buffers"; "gauge"; "Live buffers of a device."; .[] | "device=\"\(.name)\"} \(.buffers // [] | length)"),
  (("exports", "revokes", "restores", "refusals") as $what |
    family("\($what)_total"; "counter"; "Number of \($what) of a device."; .[] |
      select(.state[$what]) | "device=\"\(.name)\"} \(.state[$what])")))
