/* SPDX-License-Identifier: GPL-2.0-only */
/* Subcommands of net that change something (net_set.c), and what completes their words (net.c). */
#pragma once

struct shell;
struct completion_list;

int net_switch_run_create(struct shell *sh, int argc, char **argv);
int net_switch_run_destroy(struct shell *sh, int argc, char **argv);
int net_switch_run_set(struct shell *sh, int argc, char **argv);
int net_switch_run_flush(struct shell *sh, int argc, char **argv);
int net_port_run_add(struct shell *sh, int argc, char **argv);
int net_port_run_attach(struct shell *sh, int argc, char **argv);
int net_port_run_detach(struct shell *sh, int argc, char **argv);
int net_capture_run_on(struct shell *sh, int argc, char **argv);
int net_capture_run_off(struct shell *sh, int argc, char **argv);
int net_port_run_set(struct shell *sh, int argc, char **argv);

void net_offer_switches(struct completion_list *list, const char *key);
void net_offer_ports(struct completion_list *list, const char *key);
