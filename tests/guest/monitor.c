// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "monitor.h"

#define PORT		"/dev/ttyS2"
#define PROMPT		"(qemu) "
#define TIMEOUT_MS	10000
#define QUIET_MS	200

static int open_port(void)
{
	struct termios termios;
	int port;

	port = open(PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port < 0)
		return -errno;
	if (!tcgetattr(port, &termios)) {
		cfmakeraw(&termios);
		termios.c_cflag |= CLOCAL;
		tcsetattr(port, TCSANOW, &termios);
	}
	return port;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length >= strlen(end) &&
	       !strcmp(text + length - strlen(end), end);
}

/*
 * What QEMU says until it is ready for another command.  It may still have been
 * getting ready for this one.
 */
static int read_answer(int port, const char *command, char *text, size_t size)
{
	struct pollfd ready = { .fd = port, .events = POLLIN };
	size_t length = 0;
	ssize_t done;

	text[0] = '\0';
	while (!ends_with(text, length, PROMPT) || !strstr(text, command)) {
		if (length == size - 1 || poll(&ready, 1, TIMEOUT_MS) <= 0)
			return -ETIMEDOUT;
		done = read(port, text + length, size - 1 - length);
		if (done <= 0)
			return -EIO;
		length += done;
		text[length] = '\0';
	}
	return 0;
}

static int send(int port, const char *text)
{
	ssize_t length = strlen(text);

	return write(port, text, length) == length ? 0 : -EIO;
}

/*
 * The banner of the first time, and what an earlier command has left, come before
 * the prompt that an empty line asks for, after which QEMU has no more to say.
 */
static int settle(int port)
{
	struct pollfd ready = { .fd = port, .events = POLLIN };
	/* One byte at a time: only the last few matter. */
	char last[sizeof(PROMPT)] = "";

	if (send(port, "\n"))
		return -EIO;
	do {
		if (poll(&ready, 1, TIMEOUT_MS) <= 0)
			return -ETIMEDOUT;
		memmove(last, last + 1, sizeof(last) - 2);
		if (read(port, last + sizeof(last) - 2, 1) != 1)
			return -EIO;
	} while (memcmp(last, PROMPT, sizeof(last) - 1) ||
		 poll(&ready, 1, QUIET_MS) > 0);
	return 0;
}

/*
 * It echoes the command, all of it again for each letter, as an editor would;
 * then comes the answer, if any.
 */
static int ask(int port, const char *command)
{
	static char text[128 * 1024];
	char *answer;
	int ret;

	ret = settle(port);
	if (!ret)
		ret = send(port, command);
	if (!ret)
		ret = send(port, "\n");
	if (!ret)
		ret = read_answer(port, command, text, sizeof(text));
	if (ret)
		return ret;
	answer = strchr(strstr(text, command), '\n');
	if (!answer || !strcmp(answer + 1, PROMPT) ||
	    !strncmp(answer + 1, "OK ", 3))
		return 0;
	fprintf(stderr, "# QEMU answers %s: %s\n", command, answer + 1);
	return -EIO;
}

int monitor(const char *format, ...)
{
	char command[256];
	va_list args;
	int port, ret;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);

	port = open_port();
	if (port < 0)
		return port;
	ret = ask(port, command);
	close(port);
	return ret;
}
