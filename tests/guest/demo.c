// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the main job: a range of a device's memory leaves as a dma-buf, another
 * device writes into it, and loses it when the first device is closed.  Where the
 * machine has a display, that shows what is in the memory.  Exits with 1 as soon as
 * something is not as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device.h"
#include "drm.h"
#include "importer.h"
#include "screen.h"
#include "vfio.h"

#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define KIB	1024UL
#define MIB	(KIB * KIB)

static const char *const message = "Hello from one PCI device to another!";

/* Two ranges that do not touch: the buffer is one after the other. */
static const struct vfio_region_dma_range ranges[] = {
	{ 1 * MIB, 64 * KIB },
	{ 3 * MIB, 256 * KIB },
};

#define NR_RANGES (sizeof(ranges) / sizeof(*ranges))

/* Where the message goes: within the second range. */
#define WHERE (64 * KIB + 4 * KIB)
#define WHERE_IN_BAR (3 * MIB + 4 * KIB)

static const char *exporter_bdf, *importer_bdf, *driver;

/* The display, and what it shows. */
static struct drm drm;
static uint32_t framebuffer;

static void fail(const char *what, int error)
{
	printf("\n  FAILED: %s: %s\n", what, strerror(error));
	exit(1);
}

/* @ret is at least 0, or a negative errno. */
static int must(const char *what, int ret)
{
	if (ret < 0)
		fail(what, -ret);
	return ret;
}

static void heading(const char *title)
{
	static int number;

	printf("\n%d. %s\n\n", ++number, title);
}

#define line(label, ...) \
	(printf("     %-18s ", label), printf(__VA_ARGS__), putchar('\n'))

static void find_devices(void)
{
	exporter_bdf = device_find(IVSHMEM, 0);
	importer_bdf = device_find(EDU, 0);
	if (!exporter_bdf || !importer_bdf)
		fail("looking for the devices", ENODEV);
	driver = getenv("DVP_DRIVER");
	if (!driver)
		driver = "dmabuf-vfio-pci";
}

static void show_picture(void)
{
	struct utsname uts;

	uname(&uts);
	printf("\n"
	       "  Linux %s: peer-to-peer DMA into a device that userspace owns\n"
	       "\n"
	       "     +----------------+                   +----------------+\n"
	       "     |  %s  |      dma-buf      |  %s  |\n"
	       "     |  edu           | ================> |  ivshmem       |\n"
	       "     |  a DMA engine  |                   |  4 MiB of      |\n"
	       "     |  with a kernel |                   |  memory, owned |\n"
	       "     |  driver        |                   |  by userspace  |\n"
	       "     +----------------+                   +----------------+\n"
	       "          importer                             exporter\n"
	       "\n"
	       "  This is a virtual machine, and its PCI devices are emulated. A program owns\n"
	       "  the exporter and lends a part of its memory, as a dma-buf; the importer maps\n"
	       "  that buffer and writes into it, without the CPU and without copies.\n",
	       uts.release, importer_bdf, exporter_bdf);
}

static void bind_exporter(void)
{
	const char *before = device_driver(exporter_bdf);

	heading("The device goes to the driver");
	if (*before)
		line("before", "%s is bound to %s", exporter_bdf, before);
	else
		line("before", "%s has no driver", exporter_bdf);
	must("binding it", device_bind(exporter_bdf, driver));
	line("after", "%s is bound to %s", exporter_bdf,
	     device_driver(exporter_bdf));
}

static int export(const struct vfio *vfio)
{
	struct bar bar;
	size_t i;
	int fd;

	heading("Two ranges of its memory leave as one dma-buf");
	must("reading its BARs", device_bar(exporter_bdf, BAR2, &bar));
	line("BAR 2", "%#llx, %llu KiB", (unsigned long long)bar.start,
	     (unsigned long long)bar.size / KIB);
	for (i = 0; i < NR_RANGES; i++)
		line(i ? "" : "ranges", "%#llx + %llu KiB",
		     (unsigned long long)ranges[i].offset,
		     (unsigned long long)ranges[i].length / KIB);
	fd = must("exporting them", vfio_export(vfio, BAR2, ranges, NR_RANGES,
						O_RDWR | O_CLOEXEC));
	line("dma-buf", "file descriptor %d, %lld KiB", fd,
	     (long long)lseek(fd, 0, SEEK_END) / (long long)KIB);
	return fd;
}

/* Whether a bridge below the host's is above both devices. */
static bool share_bridge(const char *one, const char *other)
{
	char a[BDF_SIZE], b[BDF_SIZE];
	bool more_a, more_b;

	for (more_a = device_parent(one, a); more_a;
	     more_a = device_parent(a, a))
		for (more_b = device_parent(other, b); more_b;
		     more_b = device_parent(b, b))
			if (!strcmp(a, b))
				return true;
	return false;
}

static const char *map_type(void)
{
	if (share_bridge(exporter_bdf, importer_bdf))
		return "BUS_ADDR: a switch forwards it";
	if (device_translated(importer_bdf))
		return "THRU_HOST_BRIDGE: up to the host and down again, through the IOMMU";
	return "THRU_HOST_BRIDGE: up to the host and down again";
}

static int import(int buffer)
{
	struct dvp_importer_entry entries[NR_RANGES];
	struct dvp_importer_report report;
	unsigned int i;
	int importer;

	heading("The other device imports it");
	importer = must("opening the importer", importer_open(importer_bdf));
	must("attaching", importer_attach(importer, buffer));
	must("mapping", importer_map(importer));
	must("asking for the addresses",
	     importer_report(importer, &report, entries, NR_RANGES));
	for (i = 0; i < report.nents && i < NR_RANGES; i++)
		line(i ? "" : "DMA addresses", "%#llx + %llu KiB%s",
		     (unsigned long long)entries[i].address,
		     (unsigned long long)entries[i].length / KIB,
		     report.nents == 1 && device_translated(importer_bdf) ?
		     " (one span, made by the IOMMU)" : "");
	line("map type", "%s", map_type());
	return importer;
}

static void transfer(const struct vfio *vfio, int importer)
{
	size_t size = strlen(message) + 1;
	char text[64];

	heading("Bytes move from device to device, past the CPU and its memory");
	must("letting it write",
	     importer_write(importer, WHERE, message, size));
	line("edu writes", "\"%s\"", message);
	must("reading the memory",
	     vfio_read(vfio, BAR2, WHERE_IN_BAR, text, size));
	line("in ivshmem's BAR", "\"%.*s\"", (int)size, text);
	if (memcmp(text, message, size))
		fail("comparing them", EIO);

	memset(text, 0, sizeof(text));
	must("letting it read", importer_read(importer, WHERE, text, size));
	line("edu reads back", "\"%.*s\"", (int)size, text);
	if (memcmp(text, message, size))
		fail("comparing them", EIO);
}

/* By the kernel's own driver of the display, which knows nothing of this one. */
static void show_on_display(const struct vfio *vfio)
{
	static const struct drm_picture full = {
		SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_WIDTH * sizeof(uint32_t), 0,
	};
	static uint32_t pixels[SCREEN_PIXELS];
	const char *name;
	uint32_t handle;
	int buffer;

	heading("A display shows what is in that memory");
	screen_draw(pixels);
	must("writing a picture",
	     vfio_write(vfio, BAR2, 0, pixels, sizeof(pixels)));
	line("in ivshmem's BAR", "a picture of %u x %u", SCREEN_WIDTH,
	     SCREEN_HEIGHT);
	buffer = must("exporting it",
		      vfio_export_range(vfio, BAR2, 0, sizeof(pixels)));
	must("loading virtio_gpu", screen_start());
	must("opening the display", drm_open(&drm));
	must("importing the picture", drm_import(&drm, buffer, &handle));
	must("adding it", drm_add(&drm, handle, &full, &framebuffer));
	must("showing it", drm_show(&drm, framebuffer));
	must("comparing what is on the display", screen_wait(pixels));
	line("on the display", "the same picture, pixel by pixel");
	close(buffer);
	name = screen_save();
	if (!name)
		fail("saving it", EIO);
	line("saved as", "%s", name);
}

static void close_device(struct vfio *vfio, int importer)
{
	unsigned int told;
	int ret;

	heading("Userspace closes the device: its buffers are revoked");
	vfio_close(vfio);
	told = importer_notifications(importer);
	if (told != 1 || importer_is_mapped(importer))
		fail("the revoke", EBUSY);
	line("importer", "was told once, and unmapped");
	ret = importer_map(importer);
	if (ret != -ENODEV)
		fail("the refusal of another mapping", ret ? -ret : EBUSY);
	line("mapping it again", "refused (ENODEV), as it should be");
	if (!screen_exists())
		return;
	ret = drm_changed(&drm, framebuffer);
	if (ret != -ENODEV)
		fail("the refusal of showing it", ret ? -ret : EBUSY);
	line("showing it again", "refused (ENODEV), as it should be");
}

int main(void)
{
	struct vfio vfio;
	int buffer, importer;

	setvbuf(stdout, NULL, _IOLBF, 0);
	find_devices();
	show_picture();
	bind_exporter();
	must("opening the device", vfio_open(&vfio, exporter_bdf));
	buffer = export(&vfio);
	importer = import(buffer);
	transfer(&vfio, importer);
	if (screen_exists())
		show_on_display(&vfio);
	close_device(&vfio, importer);
	close(importer);
	close(buffer);
	if (screen_exists())
		close(drm.card);
	printf("\n"
	       "  Everything went as it should. What next:\n"
	       "\n"
	       "     make check         the tests, on three kernels, in guests like this one\n"
	       "     make deb           packages for this machine (docs/install.md)\n"
	       "     docs/bind.md       how to give a device to the driver\n"
	       "     docs/use-from-c.md how a program exports its memory\n"
	       "\n");
	return 0;
}
