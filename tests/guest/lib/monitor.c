// SPDX-License-Identifier: GPL-2.0-only
/*
 * QMP on a serial port: a line of JSON for each command, answer and event, of which
 * events are passed over.  The monitor for people would not do: it is a line editor
 * into which the port's own echo would type, and it says its prompt at any time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "monitor.h"

#define PORT		"/dev/ttyS2"
#define TIMEOUT_MS	60000
#define LINE_SIZE	4096

/* Open from the first use on: what arrives at a closed port may lose its end. */
static int port = -1;

static int send_line(const char *line)
{
	ssize_t length = strlen(line);

	return write(port, line, length) == length ? 0 : -EIO;
}

static int read_line(char line[LINE_SIZE])
{
	struct pollfd ready = { .fd = port, .events = POLLIN };
	size_t length = 0;

	do {
		if (length == LINE_SIZE - 1)
			return -EMSGSIZE;
		if (poll(&ready, 1, TIMEOUT_MS) <= 0)
			return -ETIMEDOUT;
		if (read(port, line + length, 1) != 1)
			return -EIO;
	} while (line[length++] != '\n');
	line[length] = '\0';
	return 0;
}

/* Sends a command with an identity of its own, and waits for its answer. */
static int ask(const char *command, const char *arguments,
	       char answer[LINE_SIZE])
{
	static unsigned int last;
	char line[LINE_SIZE], id[32];
	int ret;

	snprintf(line, sizeof(line),
		 "{'execute': '%s', 'arguments': {%s}, 'id': 'dvp-%u'}\n",
		 command, arguments, ++last);
	snprintf(id, sizeof(id), "\"id\": \"dvp-%u\"", last);
	ret = send_line(line);
	while (!ret) {
		ret = read_line(answer);
		if (!ret && strstr(answer, id))
			break;
	}
	return ret;
}

/*
 * QEMU's greeting has come before anybody listened, and the port has echoed some of
 * it.  A control character ends what QEMU takes that for.
 */
static int open_port(void)
{
	char answer[LINE_SIZE];
	struct termios termios;
	int ret;

	if (port >= 0)
		return 0;
	port = open(PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port < 0)
		return -errno;
	if (tcgetattr(port, &termios))
		return -errno;
	cfmakeraw(&termios);
	termios.c_cflag |= CLOCAL;
	if (tcsetattr(port, TCSANOW, &termios))
		return -errno;
	ret = send_line("\001\n");
	/* A later program is told that this has been done, and may go on. */
	return ret ? ret : ask("qmp_capabilities", "", answer);
}

static int execute(const char *command, const char *arguments,
		   char answer[LINE_SIZE])
{
	int ret;

	ret = open_port();
	if (!ret)
		ret = ask(command, arguments, answer);
	if (!ret && strstr(answer, "\"error\""))
		ret = -EIO;
	if (ret)
		fprintf(stderr, "# QEMU answers %s {%s}: %s\n", command,
			arguments, ret == -EIO ? answer : strerror(-ret));
	return ret;
}

int monitor(const char *command, const char *format, ...)
{
	char arguments[512], answer[LINE_SIZE] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	return execute(command, arguments, answer);
}

int monitor_inject(const char *options, const char *device, const char *error)
{
	char arguments[512], answer[LINE_SIZE] = "";
	int ret;

	snprintf(arguments, sizeof(arguments),
		 "'command-line': 'pcie_aer_inject_error %s %s %s'", options,
		 device, error);
	ret = execute("human-monitor-command", arguments, answer);
	if (!ret && !strstr(answer, "\"OK id: ")) {
		fprintf(stderr, "# QEMU answers %s\n", answer);
		ret = -EIO;
	}
	return ret;
}
