// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

int read_line(const char *path, char *line, size_t size)
{
	ssize_t done;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = read(fd, line, size - 1);
	if (done < 0)
		done = -errno;
	close(fd);
	if (done < 0)
		return done;
	line[done] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

int write_file(const char *path, const char *words)
{
	ssize_t done;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, words, strlen(words));
	if (done < 0)
		done = -errno;
	close(fd);
	return done < 0 ? done : 0;
}

int read_link_name(const char *path, char *name, size_t size)
{
	char target[PATH_MAX];
	const char *slash;
	ssize_t length;

	*name = '\0';
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	if (strlen(slash) >= size)
		return -ENAMETOOLONG;
	strcpy(name, slash);
	return 0;
}

int device_bar(const char *bdf, unsigned int index, struct bar *bar)
{
	unsigned long long start, end, flags;
	char path[PATH_MAX], line[128];
	int ret = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/resource", bdf);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (index--)
			continue;
		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) == 3) {
			bar->start = start;
			bar->size = end ? end - start + 1 : 0;
			bar->flags = flags;
			ret = 0;
		}
		break;
	}
	fclose(file);
	return ret;
}

bool bar_is_exportable(const struct bar *bar)
{
	return bar->flags & BAR_MEM && !(bar->flags & BAR_UNSET) &&
	       bar->size >= (uint64_t)sysconf(_SC_PAGESIZE);
}
