/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telnet's commands (RFC 854, 857, 858). Whatever the other side asks for beyond echo and
 * suppress-go-ahead is refused once; its refusals and sub-negotiations are ignored.
 */
#include "telnet.h"

#include <libs/util.h>

#define IAC  255
#define DONT 254
#define DO   253
#define WONT 252
#define WILL 251
#define SB   250
#define SE   240

#define OPT_ECHO 1
#define OPT_SGA	 3

const uint8_t telnet_hello[] = { IAC, WILL, OPT_ECHO, IAC, WILL, OPT_SGA, IAC, DO, OPT_SGA };
const size_t telnet_hello_len = sizeof(telnet_hello);

static void option(struct telnet_in *in, uint8_t code,
		   void (*refuse)(void *arg, const uint8_t answer[3]), void *arg)
{
	uint8_t answer[3] = { IAC, 0, code };

	if (in->verb == DO && code != OPT_ECHO && code != OPT_SGA)
		answer[1] = WONT;
	else if (in->verb == WILL && code != OPT_SGA)
		answer[1] = DONT;
	if (answer[1] && refuse)
		refuse(arg, answer);
}

size_t telnet_decode(struct telnet_in *in, uint8_t *buf, size_t n,
		     void (*refuse)(void *arg, const uint8_t answer[3]), void *arg)
{
	size_t i, out = 0;

	for (i = 0; i < n; i++) {
		uint8_t b = buf[i];

		switch (in->state) {
		case TELNET_CR:
			in->state = TELNET_DATA;
			if (!b || b == '\n')
				break; /* CR NUL and CR LF are the key Enter */
			fallthrough;
		case TELNET_DATA:
			if (b == IAC) {
				in->state = TELNET_IAC;
				break;
			}
			buf[out++] = b;
			if (b == '\r')
				in->state = TELNET_CR;
			break;
		case TELNET_IAC:
			in->state = TELNET_DATA;
			if (b == IAC) {
				buf[out++] = b;
			} else if (b >= WILL) {
				in->verb = b;
				in->state = TELNET_OPTION;
			} else if (b == SB) {
				in->state = TELNET_SUB;
			}
			break;
		case TELNET_OPTION:
			option(in, b, refuse, arg);
			in->state = TELNET_DATA;
			break;
		case TELNET_SUB:
			if (b == IAC)
				in->state = TELNET_SUB_IAC;
			break;
		case TELNET_SUB_IAC:
			in->state = b == SE ? TELNET_DATA : TELNET_SUB;
			break;
		}
	}
	return out;
}
