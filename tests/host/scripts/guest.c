// SPDX-License-Identifier: GPL-2.0-only
/*
 * An init that goes wrong as it is told to, for the tests of run-guest. The
 * last argument says how: pass, fail, silent, die, hang or warn.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char warning[] = "WARNING: a test\n";
	const char *what = argv[argc - 1];
	ssize_t written = sizeof(warning);

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (!freopen("/dev/ttyS0", "w", stdout))
		return 1;
	if (!strcmp(what, "die"))
		return 0;
	if (!strcmp(what, "hang"))
		pause();
	if (!strcmp(what, "warn"))
		written = write(open("/dev/kmsg", O_WRONLY), warning, sizeof(warning));
	if (written != sizeof(warning))
		return 1;
	if (!strcmp(what, "fail"))
		puts("not ok 1 - a test\nguest: 0 passed, 1 failed");
	else if (strcmp(what, "silent"))
		puts("ok 1 - a test\nguest: 1 passed, 0 failed");
	fflush(stdout);
	return reboot(RB_POWER_OFF);
}
