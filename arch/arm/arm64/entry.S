/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader or firmware to C: the arm64 Image header, the way down to EL2, the first
 * page tables and translation on, for the boot CPU and for those that it starts.
 * Everything before enable_mmu runs at physical addresses with caches off.
 */
#include <port/boot.h>
#include <port/sysreg.h>

	.section .head.text, "ax"
	.globl _start
_start:
	b	primary_entry		/* Linux Documentation/arm64/booting: code0 */
	.long	0			/* code1 */
	.quad	0			/* text_offset */
	.quad	_image_size		/* bss included */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
/* x0: device tree blob */
primary_entry:
	mov	x20, x0
	adrp	x21, _start		/* page-aligned by the linker script */
	mrs	x22, CurrentEL
	lsr	x22, x22, #2
	cmp	x22, #3
	b.ne	1f
	adr	x0, 1f
	b	leave_el3
1:	bl	quiet_el2

	/* What a loader left in caches about our memory must not come back over what we write. */
	mov	x0, x21
	adrp	x1, _end
	bl	clean_inval
	adrp	x0, _bss_start		/* x1 still is the end */
	add	x0, x0, :lo12:_bss_start
2:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	2b

	adrp	x0, boot_fdt_pa
	str	x20, [x0, #:lo12:boot_fdt_pa]
	adrp	x0, boot_load_pa
	str	x21, [x0, #:lo12:boot_load_pa]
	adrp	x0, boot_el
	str	x22, [x0, #:lo12:boot_el]

	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x0, x21
	mov	x1, x20
	bl	boot_map		/* x0: root of the tables */

	ldr	x27, =primary_virtual
	ldr	x26, =boot_stack_top
	b	enable_mmu

primary_virtual:
	mov	sp, x26
	mov	x29, xzr
	mov	x30, xzr
	mrs	x0, cntpct_el0
	eor	x0, x0, x21, lsl #20
	bic	x0, x0, #0xff		/* a zero byte stops string overruns */
	ldr	x1, =__stack_chk_guard
	str	x0, [x1]
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	boot_no_el2
	ldr	x0, =vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, xzr		/* no struct cpu yet */
	isb
	b	boot_start

/*
 * A CPU that PSCI started; x0: physical address of struct smp_start (cpu.c).
 */
	.globl	secondary_entry
secondary_entry:
	mov	x20, x0
	mrs	x22, CurrentEL
	lsr	x22, x22, #2
	cmp	x22, #3
	b.ne	1f
	adr	x0, 1f
	b	leave_el3
1:	bl	quiet_el2
	ldp	x0, x26, [x20]		/* root, stack */
	ldr	x25, [x20, #16]		/* struct cpu */
	ldr	x27, =secondary_virtual
	b	enable_mmu

secondary_virtual:
	mov	sp, x26
	mov	x29, xzr
	mov	x30, xzr
	ldr	x0, =vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, x25
	isb
	b	secondary_start

/*
 * EL3 to EL2, for machines whose firmware hands over there; returns to x0.
 */
leave_el3:
	ldr	x1, =0x30531		/* SCR_EL3: APK API RW HCE RES1 NS */
	msr	scr_el3, x1
	msr	cptr_el3, xzr
	mrs	x1, id_aa64pfr0_el1
	tst	x1, #(0xf << 24)	/* GICv3 system registers */
	b.eq	1f
	mov	x1, #0xf
	msr	S3_6_C12_C12_5, x1	/* ICC_SRE_EL3 */
	isb
1:	ldr	x1, =SCTLR_EL2_RES1
	msr	sctlr_el2, x1
	mov	x1, #(PSR_D | PSR_A | PSR_I | PSR_F | PSR_EL2H)
	msr	spsr_el3, x1
	msr	elr_el3, x0
	eret

/* Known state of EL2's controls, if we are there: translation off, no traps but ours. */
quiet_el2:
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.ne	1f
	ldr	x0, =SCTLR_EL2_RES1
	msr	sctlr_el2, x0
	ldr	x0, =HCR_RW
	msr	hcr_el2, x0
	ldr	x0, =CPTR_RES1
	msr	cptr_el2, x0
	isb
1:	ret

/* Clean and invalidate [x0, x1) to the point of coherency. */
clean_inval:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
1:	dc	civac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

/*
 * Turn translation on and go to x27. The image's first page, which has this, is mapped at its
 * physical address as well.
 * x0: root; also used at EL1, where only the message that EL2 is missing will run.
 */
	.section .idmap.text, "ax"
enable_mmu:
	ldr	x1, =MAIR_VALUE
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #0xf		/* PARange */
	cmp	x2, #5
	mov	x3, #5			/* 48 bits are all that 4 KiB tables without LPA2 give */
	csel	x2, x2, x3, lo
	ldr	x4, =SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN
	mrs	x3, CurrentEL
	cmp	x3, #(2 << 2)
	b.ne	1f
	ldr	x3, =0x80803510		/* RES1, SH0 inner, WBWA, T0SZ 16 */
	orr	x3, x3, x2, lsl #16
	msr	mair_el2, x1
	msr	tcr_el2, x3
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el2, x4
	isb
	br	x27
1:	ldr	x3, =0x803510		/* EPD1: no upper half */
	orr	x3, x3, x2, lsl #32
	msr	mair_el1, x1
	msr	tcr_el1, x3
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el1, x4
	isb
	br	x27
	.ltorg

/*
 * The boot stack is the upper half of a slot as all stacks are (vectors.S); the lower half serves
 * when a stack has overflown.
 */
	.section .bss.pages, "aw", %nobits
	.balign	16384
	.skip	8192
	.globl	emergency_stack_top
emergency_stack_top:
	.skip	8192
	.globl	boot_stack_top
boot_stack_top:
