// SPDX-License-Identifier: GPL-2.0-only
#include "imports.h"
#include "units.h"

static void by_symbol(void **state)
{
	static const struct {
		const char *symbol;
		enum imports imports;
	} cases[] = {
		{ "dma_buf_dynamic_attach", IMPORTS_DYNAMIC },
		{ "ib_umem_dmabuf_get", IMPORTS_DYNAMIC },
		{ "ib_umem_dmabuf_get_pinned", IMPORTS_PINNED },
		{ "ib_umem_dmabuf_get_pinned_with_dma_device", IMPORTS_PINNED },
		{ "ib_umem_dmabuf_get_pinned_revocable_and_lock", IMPORTS_REVOCABLE },
		{ "dma_buf_attach", IMPORTS_STATIC },
		{ "drm_gem_prime_import", IMPORTS_STATIC },
		{ "drm_gem_shmem_prime_import_sg_table", IMPORTS_STATIC },
		{ "drm_gem_prime_export", IMPORTS_NOTHING },
		{ "dma_buf_export", IMPORTS_NOTHING },
		{ "dma_buf_put", IMPORTS_NOTHING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (imports_by(cases[i].symbol) != cases[i].imports)
			fail_msg("%s is taken for %d", cases[i].symbol,
				 imports_by(cases[i].symbol));
}

int test_imports(void)
{
	const struct CMUnitTest tests[] = {
		TEST("imports: what a function tells", by_symbol),
	};

	return run_group("imports", tests);
}
