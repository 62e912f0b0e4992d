/* SPDX-License-Identifier: GPL-2.0-only */
/* Resets, PCI errors, power transitions and removal of a bound device. */
#ifndef DVP_RESET_H
#define DVP_RESET_H

struct device_driver;
struct dvp_device;
struct pci_dev;
struct pci_error_handlers;

extern const struct pci_error_handlers dvp_err_handlers;

void dvp_events_watch(struct dvp_device *dvp);
void dvp_events_unwatch(struct dvp_device *dvp);
void dvp_events_claim_config(struct dvp_device *dvp);
void dvp_events_release_config(struct dvp_device *dvp);
void dvp_events_opened(struct dvp_device *dvp);
void dvp_events_check_set(struct dvp_device *dvp);
void dvp_events_removing(struct pci_dev *pdev);
void dvp_events_shutdown(struct pci_dev *pdev);
void dvp_events_watch_power(struct device_driver *drv);

#endif /* DVP_RESET_H */
