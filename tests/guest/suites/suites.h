/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_SUITES_H
#define GUEST_SUITES_H

/* Each runs its tests and returns how many failed. */
int suite_driver(void);
int suite_export(void);
int suite_buffer(void);
int suite_importer(void);
int suite_transfer(void);
int suite_mapping(void);
int suite_iova(void);
int suite_reach(void);
int suite_physical(void);
int suite_lazy(void);
int suite_huge(void);
int suite_walk(void);
int suite_revoke(void);
int suite_lifetime(void);
int suite_noroute(void);
int suite_direct(void);
int suite_bounce(void);
int suite_power(void);
int suite_fooled(void);
int suite_reset(void);
int suite_errors(void);
int suite_overlap(void);
int suite_slow(void);
int suite_unplug(void);
int suite_hotplug(void);
int suite_sriov(void);
int suite_stress(void);
int suite_route(void);
int suite_refusal(void);
int suite_debugfs(void);
int suite_inside(void);
int suite_traced(void);
int suite_failnth(void);
int suite_fuzz(void);
int suite_topo(void);
int suite_status(void);
int suite_check(void);
int suite_bind(void);
int suite_inuse(void);
int suite_monitor(void);
int suite_udev(void);
int suite_docs(void);
int suite_vmm(void);
int suite_screen(void);

#endif /* GUEST_SUITES_H */
