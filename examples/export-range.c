// SPDX-License-Identifier: GPL-2.0-only
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
	int device, fd;

	if (argc != 5) {
		fprintf(stderr, "usage: export-range DEVICE BAR OFFSET LENGTH\n");
		return 2;
	}
	device = open_device(argv[1]);
	fd = export_range(device, strtoul(argv[2], NULL, 0),
			  strtoull(argv[3], NULL, 0),
			  strtoull(argv[4], NULL, 0));
	printf("dma-buf: file descriptor %d, %lld bytes\n", fd,
	       (long long)lseek(fd, 0, SEEK_END));

	/*
	 * Here a real program hands fd to an importer.  The buffer works as long
	 * as the device is open; after that it is an empty shell.
	 */
	close(fd);
	close(device);
	return 0;
}
