// SPDX-License-Identifier: GPL-2.0-only
#include "made.h"
#include "topo.h"
#include "units.h"

#define ROOT NR_MADE

static const struct {
	char bdf[BDF_SIZE];
	unsigned int parent;
	unsigned int host;
	bool is_bridge;
} shape[NR_MADE] = {
	[HOST]	 = { "0000:00:00.0", ROOT, 0, false },
	[PORT]	 = { "0000:00:01.0", ROOT, 0, true },
	[PORT_C] = { "0000:00:02.0", ROOT, 0, true },
	[UP]	 = { "0000:01:00.0", PORT, 0, true },
	[DOWN_A] = { "0000:02:00.0", UP, 0, true },
	[DOWN_B] = { "0000:02:01.0", UP, 0, true },
	[A]	 = { "0000:03:00.0", DOWN_A, 0, false },
	[B]	 = { "0000:04:00.0", DOWN_B, 0, false },
	[C]	 = { "0000:05:00.0", PORT_C, 0, false },
	[PORT_D] = { "0000:80:01.0", ROOT, 1, true },
	[D]	 = { "0000:81:00.0", PORT_D, 1, false },
};

void made_up(struct made_machine *made)
{
	struct function *function;
	unsigned int i;

	*made = (struct made_machine) {};
	for (i = 0; i < NR_MADE; i++) {
		function = &made->functions[i];
		memcpy(function->bdf, shape[i].bdf, sizeof(shape[i].bdf));
		function->what = "A \"thing\" \\ of nobody";
		if (shape[i].parent != ROOT)
			function->parent = &made->functions[shape[i].parent];
		function->host = &made->hosts[shape[i].host];
		function->is_bridge = shape[i].is_bridge;
	}
	made->hosts[0] = (struct host) {
		"pci0000:00", &made->functions[HOST], YES, 0x1b36, 0x0c0c, NULL
	};
	made->hosts[1] = (struct host) {
		"pci0000:80", &made->functions[PORT_D], YES, 0x1b36, 0x0c0c, NULL
	};
	made->machine = (struct machine) {
		made->functions, NR_MADE, made->hosts, 2, false
	};
}

/* With all that can be in a picture. */
void made_print_dot(void)
{
	struct made_machine made;
	const struct function *ends[] = {
		&made.functions[A], &made.functions[B], &made.functions[C],
	};
	struct topo topo = {
		.machine = &made.machine, .ends = ends,
		.nr_ends = ARRAY_SIZE(ends), .named = true,
	};
	struct path *paths[ARRAY_SIZE(ends)];
	size_t i;

	made_up(&made);
	made.functions[PORT_C].has_acs = YES;
	made.functions[PORT_C].redirects = YES;
	made.functions[DOWN_A].has_acs = UNKNOWN;
	made.functions[DOWN_A].redirects = UNKNOWN;
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		paths[i] = paths_load(&made.machine, ends[i]);
	/* Not alike in both directions. */
	paths[0][C].type = MAP_THRU_HOST_BRIDGE;
	topo.paths = paths;
	topo_print_dot(&topo);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		paths_free(&made.machine, paths[i]);
}
