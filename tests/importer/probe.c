// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tests see of the kernel, and break there: physical memory, and calls of
 * a function, one of which can be made to fail.
 */
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/slab.h"
#include "importer.h"

/**
 * struct dvp_probe - a function that is watched
 * @kprobe: at its start
 * @arg: what to watch for, and which call fails
 * @seen: what was seen
 * @tgid: of the process whose calls count
 */
struct dvp_probe {
	struct kprobe kprobe;
	struct dvp_importer_probe arg;
	struct dvp_importer_probed seen;
	pid_t tgid;
};

/* What a function does that fails at once.  It leaves alone what it returns. */
static notrace noinline void return_at_once(void)
{
	/* Not even this is code, but a function without any would vanish. */
	asm volatile("");
}

static int probe_hit(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct dvp_probe *probe = container_of(kprobe, struct dvp_probe,
					       kprobe);
	struct dvp_importer_probed *seen = &probe->seen;
	u32 call;

	if (current->tgid != probe->tgid)
		return 0;
	call = seen->calls++;
	if (call < ARRAY_SIZE(seen->values))
		seen->values[call] = regs_get_kernel_argument(regs,
							      probe->arg.argument);
	if (call + 1 < probe->arg.fail_from ||
	    call + 1 - probe->arg.fail_from >= probe->arg.fail_calls)
		return 0;
	regs_set_return_value(regs, probe->arg.result);
	instruction_pointer_set(regs, (unsigned long)return_at_once);
	return 1;
}

/* With this, the kernel knows that the first may lead elsewhere. */
static void probe_over(struct kprobe *kprobe, struct pt_regs *regs,
		       unsigned long flags)
{
}

/* Watches calls of a function from now on; -ENOENT if there is none. */
struct dvp_probe *dvp_probe_start(const struct dvp_importer_probe *arg)
{
	struct dvp_probe *probe;
	int ret;

	probe = kzalloc_obj(*probe);
	if (!probe)
		return ERR_PTR(-ENOMEM);
	probe->arg = *arg;
	probe->arg.function[sizeof(probe->arg.function) - 1] = '\0';
	probe->tgid = current->tgid;
	probe->kprobe.symbol_name = probe->arg.function;
	probe->kprobe.pre_handler = probe_hit;
	probe->kprobe.post_handler = probe_over;
	ret = register_kprobe(&probe->kprobe);
	if (ret) {
		kfree(probe);
		return ERR_PTR(ret);
	}
	return probe;
}

/* Tells what was seen, unless nobody wants to know. */
void dvp_probe_stop(struct dvp_probe *probe, struct dvp_importer_probed *seen)
{
	unregister_kprobe(&probe->kprobe);
	if (seen)
		*seen = probe->seen;
	kfree(probe);
}

/* Registers are read 64 bits at a time, memory of any length. */
static int peek_registers(phys_addr_t address, void *to, size_t length)
{
	void __iomem *from;

	if (length != sizeof(u64))
		return -EINVAL;
	from = ioremap(address, length);
	if (!from)
		return -ENOMEM;
	*(u64 *)to = readq(from);
	iounmap(from);
	return 0;
}

int dvp_peek(phys_addr_t address, void *to, size_t length)
{
	void *from;

	if (offset_in_page(address) + length > PAGE_SIZE)
		return -EINVAL;
	if (!page_is_ram(PHYS_PFN(address)))
		return peek_registers(address, to, length);
	from = memremap(address, length, MEMREMAP_WB);
	if (!from)
		return -ENOMEM;
	memcpy(to, from, length);
	memunmap(from);
	return 0;
}
