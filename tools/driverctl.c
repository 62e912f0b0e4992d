// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "driverctl.h"
#include "flavour.h"
#include "util.h"

#define SAVED	"/etc/driverctl.d/pci-%s"

const char *driverctl_find(void)
{
	static const char *const places[] = {
		"/usr/sbin/driverctl", "/sbin/driverctl", "/usr/bin/driverctl",
		"/usr/local/sbin/driverctl",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

int driverctl_bind(const char *program, const char *bdf)
{
	pid_t child;
	int status;

	/* Or the child would write it, too. */
	fflush(stdout);
	child = fork();
	if (!child) {
		/* The caller looks at the result. */
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(1);
		execl(program, "driverctl", "set-override", bdf, DRIVER, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

char *driverctl_saved(const char *bdf)
{
	char *path = text(SAVED, bdf), driver[WORD_SIZE] = "";

	read_line(path, driver, sizeof(driver));
	free(path);
	return text("%s", driver);
}

static int save(const char *path, const char *driver)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fprintf(file, "%s\n", driver);
	return fclose(file) ? -errno : 0;
}

/*
 * driverctl's own unset-override only forgets a device if another driver takes it, and
 * binds it to that driver.
 */
void driverctl_put_back(const char *bdf, const char *saved)
{
	char *path = text(SAVED, bdf), *now = driverctl_saved(bdf);
	int ret = 0;

	/* Leave alone what somebody else has saved since. */
	if (flavour_has_name(now) && *saved)
		ret = save(path, saved);
	else if (flavour_has_name(now) && unlink(path))
		ret = -errno;
	if (ret)
		complain("%s: cannot restore what driverctl had saved for it: %s",
			 bdf, strerror(-ret));
	free(now);
	free(path);
}
