/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plugin of QEMU that counts the instructions which the machine has executed whenever it puts a
 * character out: for each write to the data register of the first PL011 two counts (8 bytes each,
 * the byte order of this machine) go to the file "out=": of all instructions, and of those at the
 * hypervisor's own addresses. What the characters were is in the file of the serial port, one byte
 * for two counts. For one executed CPU at a time (-icount, or -smp 1).
 *
 * On a PC, accesses of ports are no accesses of memory: there "serial=" names the file of the
 * serial port, and each character by which it has grown after an OUT is counted.
 *
 * Debian has no header of the interface; what is used of it (version 1, docs/devel/tcg-plugins of
 * QEMU) is declared here.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT		__attribute__((visibility("default")))
#define UART_DATA	0x09000000 /* the machine "virt" */
#define OP_ADD_U64	0
/* docs/design.md: the address space of EL2. Linux uses neither of its halves up to there. */
#define HYPERVISOR_FROM 0x0000800000000000u
#define HYPERVISOR_TO	0x0001000000000000u
#define PC_FROM		0x40000000u
#define PC_TO		0x80000000u
#define PC_OUT		0xee /* OUT DX, AL */
#define CB_NO_REGISTERS 0
#define MEM_WRITE	2

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
						  void (*cb)(plugin_id, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						       void *ptr, uint64_t value);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
					     void (*cb)(unsigned cpu, uint32_t info, uint64_t va,
							void *data),
					     int flags, int direction, void *data);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
						   void (*cb)(unsigned cpu, void *data), int flags,
						   void *data);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
						 void (*cb)(unsigned cpu, void *data), int flags,
						 void *data);
extern struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t va);
extern bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *hwaddr);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *hwaddr);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

/* All, the hypervisor's. */
static uint64_t executed[2];
static int out = -1;
/* PCs: the serial port's file, its size, and whether it may have grown */
static const char *serial;
static uint64_t seen;
static bool was_out;

static void emit(void)
{
	if (write(out, executed, sizeof(executed)) != (ssize_t)sizeof(executed))
		perror("meter: cannot write");
}

static void on_write(unsigned cpu, uint32_t info, uint64_t va, void *data)
{
	struct qemu_plugin_hwaddr *hwaddr = qemu_plugin_get_hwaddr(info, va);

	(void)cpu;
	(void)data;
	if (!hwaddr || !qemu_plugin_hwaddr_is_io(hwaddr) ||
	    qemu_plugin_hwaddr_phys_addr(hwaddr) != UART_DATA)
		return;
	emit();
}

static void on_out(unsigned cpu, void *data)
{
	(void)cpu;
	(void)data;
	was_out = true;
}

/* OUT is the last of its block: this is the next instruction. */
static void on_block(unsigned cpu, void *data)
{
	struct stat st;

	(void)cpu;
	(void)data;
	if (!was_out)
		return;
	was_out = false;
	if (stat(serial, &st))
		return;
	for (; seen < (uint64_t)st.st_size; seen++)
		emit();
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	uint64_t va = qemu_plugin_tb_vaddr(tb);
	bool ours = serial ? va >= PC_FROM && va < PC_TO
			   : va >= HYPERVISOR_FROM && va < HYPERVISOR_TO;

	(void)id;
	if (serial)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGISTERS, NULL);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_inline(insn, OP_ADD_U64, &executed[0], 1);
		if (ours)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, OP_ADD_U64, &executed[1],
								   1);
		if (!serial)
			qemu_plugin_register_vcpu_mem_cb(insn, on_write, CB_NO_REGISTERS,
							 MEM_WRITE, NULL);
		else if (*(const uint8_t *)qemu_plugin_insn_data(insn) == PC_OUT)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_out, CB_NO_REGISTERS,
							       NULL);
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = open(argv[i] + 4, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		else if (!strncmp(argv[i], "serial=", 7))
			serial = strdup(argv[i] + 7);
	}
	if (out < 0) {
		fprintf(stderr, "meter: out=<file> is missing or cannot be made\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
