// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <unistd.h>

#include "block.h"

_Noreturn void block_exec(const char *file, int from, int to)
{
	setpgid(0, 0);
	dup2(from, STDIN_FILENO);
	dup2(to, STDOUT_FILENO);
	dup2(to, STDERR_FILENO);
	setenv("PATH", BLOCKS "/bin:/bin", 1);
	if (!chdir(BLOCKS))
		execlp("sh", "sh", "-e", file, NULL);
	_exit(127);
}
