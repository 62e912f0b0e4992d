// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads of physical memory, and probes of kernel functions, whose calls can be made to
 * fail or to wait.
 */
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "compat/slab.h"
#include "importer.h"

/* How long a call is held if nobody releases it. */
#define HOLD_LIMIT (60 * HZ)

/**
 * struct dvp_probe - a function that is watched
 * @kprobe: at its start
 * @arg: what to watch, and what to do to calls
 * @seen: what was seen
 * @tgid: of the process whose calls count
 * @held: task whose call is held or was released
 * @released: the held call may go on
 * @over: the held call has returned
 */
struct dvp_probe {
	struct kprobe kprobe;
	struct dvp_importer_probe arg;
	struct dvp_importer_probed seen;
	pid_t tgid;
	struct task_struct *held;
	struct completion released;
	struct completion over;
};

/* The probe that holds a call. */
static struct dvp_probe *holder;

/* Replaces the body of a call that fails; the return value is set already. */
static notrace noinline void return_at_once(void)
{
	/* Keeps the compiler from removing the empty function. */
	asm volatile("");
}

/*
 * Replaces a function whose call is held: unlike the probe's handler, it may sleep.  It
 * then calls the function, with all arguments that fit into registers.
 */
static notrace noinline unsigned long
hold_call(unsigned long a, unsigned long b, unsigned long c,
	  unsigned long d, unsigned long e, unsigned long f)
{
	unsigned long (*function)(unsigned long a, unsigned long b,
				  unsigned long c, unsigned long d,
				  unsigned long e, unsigned long f);
	struct dvp_probe *probe = holder;
	unsigned long result = 0;

	function = (void *)probe->kprobe.addr;
	if (probe->arg.hold == DVP_IMPORTER_HOLD_RETURN)
		result = function(a, b, c, d, e, f);
	WRITE_ONCE(probe->seen.held, 1);
	wait_for_completion_timeout(&probe->released, HOLD_LIMIT);
	WRITE_ONCE(probe->seen.held, 0);
	if (probe->arg.hold != DVP_IMPORTER_HOLD_RETURN)
		result = function(a, b, c, d, e, f);
	complete(&probe->over);
	return result;
}

/* A timer interrupt runs in any process. */
static bool probe_counts(const struct dvp_probe *probe)
{
	if (in_serving_softirq())
		return false;
	if (probe->arg.hold == DVP_IMPORTER_HOLD_KERNEL)
		return current->flags & PF_KTHREAD;
	return current->tgid == probe->tgid;
}

static int probe_hit(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct dvp_probe *probe = container_of(kprobe, struct dvp_probe,
					       kprobe);
	struct dvp_importer_probed *seen = &probe->seen;
	u32 call;

	if (current == probe->held || !probe_counts(probe))
		return 0;
	call = seen->calls++;
	if (call < ARRAY_SIZE(seen->values))
		seen->values[call] = regs_get_kernel_argument(regs,
							      probe->arg.argument);
	if (probe->arg.hold && !call) {
		probe->held = current;
		instruction_pointer_set(regs, (unsigned long)hold_call);
		return 1;
	}
	if (call + 1 < probe->arg.fail_from ||
	    call + 1 - probe->arg.fail_from >= probe->arg.fail_calls)
		return 0;
	regs_set_return_value(regs, probe->arg.result);
	instruction_pointer_set(regs, (unsigned long)return_at_once);
	return 1;
}

/* A post_handler keeps kprobes from optimizing the probe, so that it can change the IP. */
static void probe_over(struct kprobe *kprobe, struct pt_regs *regs,
		       unsigned long flags)
{
}

static int probe_register(struct dvp_probe *probe)
{
	int ret;

	if (probe->arg.hold && cmpxchg(&holder, NULL, probe))
		return -EBUSY;
	ret = register_kprobe(&probe->kprobe);
	if (ret && probe->arg.hold)
		holder = NULL;
	return ret;
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
	init_completion(&probe->released);
	init_completion(&probe->over);
	probe->kprobe.symbol_name = probe->arg.function;
	probe->kprobe.pre_handler = probe_hit;
	probe->kprobe.post_handler = probe_over;
	ret = probe_register(probe);
	if (ret) {
		kfree(probe);
		return ERR_PTR(ret);
	}
	return probe;
}

void dvp_probe_look(struct dvp_probe *probe, struct dvp_importer_probed *seen)
{
	*seen = probe->seen;
}

void dvp_probe_release(struct dvp_probe *probe)
{
	complete_all(&probe->released);
}

/*
 * Ends the probe, after a held call has returned.  Fills in @seen unless it is NULL.
 */
void dvp_probe_stop(struct dvp_probe *probe, struct dvp_importer_probed *seen)
{
	unregister_kprobe(&probe->kprobe);
	dvp_probe_release(probe);
	if (probe->held)
		wait_for_completion(&probe->over);
	if (probe->arg.hold)
		holder = NULL;
	if (seen)
		*seen = probe->seen;
	kfree(probe);
}

/* Registers are read 64 bits at a time, memory of any length. */
static int peek_registers(phys_addr_t address, void *to, size_t length)
{
	void __iomem *from;

	if (length != sizeof(u64) && length != sizeof(u32))
		return -EINVAL;
	from = ioremap(address, length);
	if (!from)
		return -ENOMEM;
	if (length == sizeof(u64))
		*(u64 *)to = readq(from);
	else
		*(u32 *)to = readl(from);
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
