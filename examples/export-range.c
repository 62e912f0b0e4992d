// SPDX-License-Identifier: MIT
/*
 * Exports a range of a PCI device's BAR as a dma-buf:
 *
 *	export-range 0000:01:00.0 2 0 0x100000
 *
 * The device must be bound to dmabuf-vfio-pci, or to vfio-pci of a kernel that
 * exports by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "range.h"

int main(int argc, char **argv)
{
	struct device device;
	const char *step;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: export-range DEVICE BAR OFFSET LENGTH\n");
		return 2;
	}
	if (open_device(&device, argv[1], &step)) {
		perror(step);
		return 1;
	}
	fd = export_range(device.fd, strtoul(argv[2], NULL, 0),
			  strtoull(argv[3], NULL, 0),
			  strtoull(argv[4], NULL, 0));
	if (fd < 0) {
		perror("VFIO_DEVICE_FEATURE_DMA_BUF");
		return 1;
	}
	printf("dma-buf: file descriptor %d, %lld bytes\n", fd,
	       (long long)lseek(fd, 0, SEEK_END));

	/*
	 * A real program hands fd to an importer here.  The buffer works as long as
	 * the device is open, and never again after that.
	 */
	close(fd);
	close_device(&device);
	return 0;
}
