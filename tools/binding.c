// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "driverctl.h"
#include "flavour.h"
#include "use.h"
#include "util.h"

#define RECORDS		"/run/dmabuf-vfio-pci"
#define DRIVERS		"/sys/bus/pci/drivers"
#define NO_OVERRIDE	"(null)"

/* A driver that takes longer than this to let go is waiting for somebody. */
#define PATIENCE_SECONDS 1

void before_look(const char *bdf, struct before *before)
{
	char *saved = driverctl_saved(bdf);

	*before = (struct before) {};
	strcpy(before->driver, device_driver(bdf));
	device_attr(bdf, "driver_override", before->override,
		    sizeof(before->override));
	snprintf(before->saved, sizeof(before->saved), "%s", saved);
	free(saved);
}

void before_remember(const char *bdf, const struct before *before)
{
	char *path = text(RECORDS "/%s", bdf);
	FILE *file;

	mkdir(RECORDS, 0755);
	file = fopen(path, "we");
	if (file)
		fprintf(file, "%s\n%s\n%s\n", before->driver,
			before->override, before->saved);
	if (!file || fclose(file))
		complain("%s: cannot save its former driver in %s: %s", bdf, path,
			 strerror(errno));
	free(path);
}

bool before_is_known(const char *bdf)
{
	char *path = text(RECORDS "/%s", bdf);
	bool known = !access(path, F_OK);

	free(path);
	return known;
}

void before_recall(const char *bdf, struct before *before)
{
	char *const lines[] = { before->driver, before->override, before->saved };
	char *path = text(RECORDS "/%s", bdf);
	FILE *file = fopen(path, "re");
	size_t i;

	*before = (struct before) {};
	for (i = 0; file && i < ARRAY_SIZE(lines); i++)
		if (fgets(lines[i], WORD_SIZE, file))
			lines[i][strcspn(lines[i], "\n")] = '\0';
	if (file)
		fclose(file);
	free(path);
	/* Restoring these would bind it to this driver again. */
	if (flavour_has_name(before->override))
		*before->override = '\0';
	if (flavour_has_name(before->saved))
		*before->saved = '\0';
}

void before_forget(const char *bdf)
{
	char *path = text(RECORDS "/%s", bdf);

	unlink(path);
	free(path);
}

static int probe(const char *bdf)
{
	return write_file("/sys/bus/pci/drivers_probe", bdf);
}

static int bind_to(const char *driver, const char *bdf)
{
	char *path = text(DRIVERS "/%s/bind", driver);
	int ret = write_file(path, bdf);

	free(path);
	return ret;
}

/*
 * Write to "unbind" in a process of its own: nothing interrupts the write while a
 * driver waits for its users.  Nobody waits for the rest of the work any more if the
 * parent has gone; then the device returns to its driver.
 */
_Noreturn static void unbind_in_child(const char *bdf, const char *driver,
				      pid_t parent)
{
	int ret;

	setpgid(0, 0);
	/* A pipeline must not wait for it. */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	ret = device_set(bdf, "driver/unbind", bdf);
	if (getppid() != parent && bind_to(driver, bdf))
		probe(bdf);
	_exit(-ret);
}

static void say_waiting(const char *bdf, const char *driver)
{
	char *use = use_by_process(bdf);

	complain("%s: waiting for %s to let go of it%s%s", bdf, driver,
		 use ? ": " : "", use ? use : "");
	free(use);
}

/* Returns the signal that came, or 0 after a while without one. */
static int wait_for_signal(const sigset_t *signals)
{
	const struct timespec patience = { .tv_sec = PATIENCE_SECONDS };
	int signal;

	do {
		signal = sigtimedwait(signals, NULL, &patience);
	} while (signal < 0 && errno == EINTR);
	return signal < 0 ? 0 : signal;
}

/* Say once what is waited for. */
static int wait_for_child(pid_t child, const sigset_t *signals, const char *bdf,
			  const char *driver)
{
	bool has_said = false;
	int status, signal;

	while (!waitpid(child, &status, WNOHANG)) {
		signal = wait_for_signal(signals);
		if (!signal && !has_said) {
			say_waiting(bdf, driver);
			has_said = true;
		}
		if (signal && signal != SIGCHLD)
			fail("%s: interrupted; it goes back to %s once it is closed",
			     bdf, driver);
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int binding_release(const char *bdf)
{
	char *driver = text("%s", device_driver(bdf));
	pid_t parent = getpid(), child;
	sigset_t signals, old;
	int ret = 0;

	if (*driver) {
		sigemptyset(&signals);
		sigaddset(&signals, SIGCHLD);
		sigaddset(&signals, SIGINT);
		sigaddset(&signals, SIGTERM);
		sigaddset(&signals, SIGHUP);
		sigprocmask(SIG_BLOCK, &signals, &old);
		signal(SIGCHLD, SIG_DFL);
		fflush(stdout);
		child = fork();
		if (!child)
			unbind_in_child(bdf, driver, parent);
		ret = child < 0 ? -errno :
		      wait_for_child(child, &signals, bdf, driver);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	free(driver);
	return ret;
}

static int set_override(const char *bdf, const char *driver)
{
	char *line = text("%s\n", driver);
	int ret = device_set(bdf, "driver_override", line);

	free(line);
	return ret;
}

int binding_set(const char *bdf, const char *driver)
{
	int ret = binding_release(bdf);

	if (!ret)
		ret = set_override(bdf, driver);
	if (!ret)
		ret = probe(bdf);
	return ret;
}

int binding_restore(const char *bdf, const struct before *before)
{
	bool none = !strcmp(before->override, NO_OVERRIDE);
	int ret;

	ret = binding_set(bdf, none ? "" : before->override);
	/* By itself the kernel might choose another driver than it had. */
	if (ret || !*before->driver ||
	    !strcmp(device_driver(bdf), before->driver))
		return ret;
	ret = binding_release(bdf);
	return ret ? ret : bind_to(before->driver, bdf);
}
