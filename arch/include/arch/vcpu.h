/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One virtual CPU on this CPU: entering it and what comes back. core owns the
 * run loop and the table of exits; the port owns registers and encodings.
 *
 * struct arch_vcpu is defined by the port in <port/vcpu.h>.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>
#include <port/vcpu.h>

struct vcpu;
struct guest;
struct shell_out;

/** Why a vCPU came back. The order is that of core's exit table and of `vcpu stats`. */
enum exit_kind {
	EXIT_IRQ,	/**< a host interrupt; handled already by the port, IRQs still masked */
	EXIT_MMIO,	/**< access to guest memory that stage 2 does not map; decoded */
	EXIT_HYPERCALL, /**< HVC/SMC/VMMCALL; arguments in registers */
	EXIT_SYSREG,	/**< trapped system register (MSR, CPUID): the port did it already */
	EXIT_IDLE,	/**< WFI/HLT: nothing to do until an interrupt */
	EXIT_YIELD,	/**< WFE/PAUSE: spinning */
	EXIT_FAULT,	/**< a guest error; core reports it, then arch_vcpu_reflect() */
	EXIT_DEBUG,	/**< debug state loaded on first use and the like */
	EXIT_PIO,	/**< access to a port: as EXIT_MMIO, `gpa` is its number */
	EXIT_KINDS
};

/** What the port tells of an exit. Only the fields of its kind are valid. */
struct vcpu_exit {
	enum exit_kind kind;
	uint32_t syndrome; /**< raw syndrome, for messages (ESR, EXITCODE) */
	union {
		struct {
			bool is_write;	    /**< MMIO: direction */
			bool is_fetch;	    /**< MMIO: an instruction fetch */
			bool is_permission; /**< MMIO: mapped, but not for this access */
			bool is_walk;	    /**< MMIO: the guest's own table walk touched it */
		};
		uint32_t flags; /**< the four at once */
	};
	union {
		struct {
			uint8_t size; /**< MMIO: bytes, 1 2 4 8; 0: it could not be decoded */
			uint8_t reg;  /**< MMIO: what the port keeps for its completion */
			bool sign_extend; /**< MMIO: ditto */
			bool wide;	  /**< MMIO: ditto, 64-bit destination */
		};
		uint32_t size_only; /**< the size as the first of four bytes, the others zero */
	};
	gpa_t gpa;	   /**< MMIO: guest physical address of the first byte */
	va_t gva;	   /**< MMIO: guest virtual address, 0 if unknown */
	uint64_t value;	   /**< MMIO: data of a write, zero-extended; 0 for a read */
};

/**
 * Options of a vCPU from its description, before arch_vcpu_init(): width, and the numbers that
 * arch_guest_kinds.numbers asks for.
 */
void arch_vcpu_configure(struct vcpu *vcpu, bool narrow, const uint32_t *numbers);
/**
 * Allocate and set the port's part of a vCPU.
 * Thread context. @return 0 or negative errno, reason logged.
 */
must_check int arch_vcpu_init(struct vcpu *vcpu);
/** Free what arch_vcpu_init() took. The vCPU is not loaded anywhere. */
void arch_vcpu_fini(struct vcpu *vcpu);
/**
 * Registers to their reset state: PC and the first argument as given. The vCPU is not running.
 * @param pc  entry; @param arg  first argument register (context id, device tree address)
 */
void arch_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg);

/*
 * x86: in what mode a vCPU starts, in the argument beside a guest physical address A.
 *
 *   FLAT32  32-bit protected mode without paging: EIP = pc, EBX = ESI = EDI = A, EAX = 0x2badb002
 *           (PVH, Linux' 32-bit entry, multiboot)
 *   LONG64  64-bit mode: RIP = pc, CR3 = A + 0x1000, GDT of four descriptors (64-bit code 0x10,
 *           data 0x18) at A + 0xf80, RBX = RSI = RDI = the 64-bit word at A + 0xfa0; whoever starts
 *           a guest so has put all that there
 *   REAL    real mode: from 1 MiB on CS is 0xf000 with base pc & ~0xffff, IP the rest (reset vector
 *           0xfffffff0); below, CS is pc >> 4 (start-up interrupt)
 */
#define X86_START_FLAT32 0ULL
#define X86_START_LONG64 BIT(62)
#define X86_START_REAL	 BIT(63)

/**
 * Load a vCPU's state into this CPU, saving nothing; save this CPU's state
 * into a vCPU. Called with IRQs masked by the scheduler when *another* vCPU is
 * switched to, or when the vCPU must be visible in memory.
 */
void arch_vcpu_load(struct vcpu *vcpu);
void arch_vcpu_save(struct vcpu *vcpu);

/**
 * Before each entry of a vCPU for which arch_vcpu_needs_prepare(): some hardware wants more done
 * than others' exits shall pay for. IRQs masked, vCPU loaded.
 */
void arch_vcpu_prepare(struct vcpu *vcpu);

/** Finish an emulated read (value zero-extended) or write, and step over it. */
void arch_vcpu_complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value);
/** Step the PC over the instruction that exited. */
void arch_vcpu_skip(struct vcpu *vcpu);

/** General registers by number as the calling convention of hypercalls counts them. */
uint64_t arch_vcpu_reg(const struct vcpu *vcpu, unsigned n);
void arch_vcpu_set_reg(struct vcpu *vcpu, unsigned n, uint64_t value);
uint64_t arch_vcpu_pc(const struct vcpu *vcpu);
void arch_vcpu_set_pc(struct vcpu *vcpu, uint64_t pc);

/** Inject what an access to nothing raises (external abort, general protection) at exit. */
void arch_vcpu_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit);
/** EXIT_FAULT: give the guest the fault that such an exit is to it. */
void arch_vcpu_reflect(struct vcpu *vcpu, const struct vcpu_exit *exit);

/**
 * Is an interrupt deliverable that ends an idle wait: hardware-held timers or
 * pending virtual interrupts of this loaded vCPU. IRQs masked.
 */
bool arch_vcpu_pending(struct vcpu *vcpu);
/**
 * The moment (arch_counter() ticks) at which a timer held in this loaded
 * vCPU's registers will want it to run; UINT64_MAX if none. IRQs masked.
 */
uint64_t arch_vcpu_deadline(struct vcpu *vcpu);

/** May the CPU idle in the guest (no exit on WFI)? Set by the scheduler when the vCPU is alone. */
void arch_vcpu_trap_idle(struct vcpu *vcpu, bool trap);

/** All registers as aligned text. The vCPU is saved (not loaded) or the caller's own. */
void arch_vcpu_dump(struct vcpu *vcpu, struct shell_out *out);
/**
 * The exception that the guest itself took last, in words, for one that cannot run its handler.
 * vCPU loaded.
 * @return false when it has taken none
 */
bool arch_vcpu_describe_taken(struct vcpu *vcpu, char *buf, size_t size);
/** One sentence for a syndrome of an exit ("data abort, translation fault level 2, read"). */
void arch_vcpu_describe(struct vcpu *vcpu, const struct vcpu_exit *exit, char *buf, size_t size);
