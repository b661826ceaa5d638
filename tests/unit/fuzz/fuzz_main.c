/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver for fuzz harnesses where there is no libFuzzer: the same entry point and the same
 * options as far as the Makefile uses them. It runs every seed as it is, and then changed at random
 * but always the same. It knows nothing of coverage.
 */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *data;
	size_t size;
};

static struct input *seeds;
static size_t seed_count;
static uint64_t state = 1;
static size_t max_len = 4096;
static const char *artifact_prefix = "";
/* What is run now, for the report of a crash. */
static const uint8_t *current;
static size_t current_size;

static uint64_t next_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(size_t limit)
{
	return (size_t)(next_random() % limit);
}

static void add_seed(const uint8_t *data, size_t size)
{
	seeds = realloc(seeds, (seed_count + 1) * sizeof(*seeds));
	seeds[seed_count].data = malloc(size);
	memcpy(seeds[seed_count].data, data, size);
	seeds[seed_count++].size = size;
}

static void read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(max_len);

	if (f) {
		add_seed(data, fread(data, 1, max_len, f));
		fclose(f);
	}
	free(data);
}

/* All files of a folder in the order of their names, or one file. */
static void read_seeds(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n, i;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		read_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (i = 0; i < n; i++) {
		char full[4096];

		snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		if (stat(full, &st) == 0 && S_ISREG(st.st_mode))
			read_file(full);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* One change in place; returns the new size. The buffer has room for max_len. */
static size_t mutate(uint8_t *data, size_t size)
{
	static const uint8_t edges[] = { 0x00, 0xff, 0x7f, 0x80, 0x01, '0', 'f', '%' };
	size_t at = size ? below(size) : 0, n, from;

	switch (below(7)) {
	case 0:
		if (size)
			data[at] ^= (uint8_t)(1 << below(8));
		break;
	case 1:
		if (size)
			data[at] = (uint8_t)next_random();
		break;
	case 2:
		if (size)
			memset(data + at, edges[below(sizeof(edges))], 1 + below(size - at < 8 ?
			       size - at : 8));
		break;
	case 3:		/* cut off */
		return at;
	case 4:		/* take a piece out */
		n = size ? below(size - at) : 0;
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 5:		/* insert random bytes */
		n = 1 + below(8);
		if (size + n > max_len)
			break;
		memmove(data + at + n, data + at, size - at);
		size += n;
		while (n--)
			data[at + n] = (uint8_t)next_random();
		break;
	default:	/* a piece over another */
		from = size ? below(size) : 0;
		n = size - (at > from ? at : from);
		if (n)
			memmove(data + at, data + from, 1 + below(n));
		break;
	}
	return size;
}

static void run(const uint8_t *data, size_t size)
{
	/* Exactly as large, so that the sanitizer sees any access beyond. */
	uint8_t *copy = malloc(size);

	memcpy(copy, data, size);
	current = copy;
	current_size = size;
	LLVMFuzzerTestOneInput(copy, size);
	current = NULL;
	free(copy);
}

static void save_current(void)
{
	char path[4096];
	FILE *f;

	if (!current)
		return;
	snprintf(path, sizeof(path), "%scrash", artifact_prefix);
	f = fopen(path, "wb");
	if (f) {
		fwrite(current, 1, current_size, f);
		fclose(f);
		fprintf(stderr, "the input of %zu bytes was written to %s\n", current_size, path);
	}
}

static void on_signal(int number)
{
	static const char text[] = "fuzz_main: a check failed, or an input took too long\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	save_current();
	_exit(77);
}

void __sanitizer_set_death_callback(void (*callback)(void));

int main(int argc, char **argv)
{
	unsigned long runs = 1000, seconds = 60, timeout = 10, done = 0;
	uint8_t *buffer;
	time_t end;
	int i;

	for (i = 1; i < argc; i++) {
		if (sscanf(argv[i], "-seed=%lu", (unsigned long *)&state) == 1 ||
		    sscanf(argv[i], "-runs=%lu", &runs) == 1 ||
		    sscanf(argv[i], "-max_len=%zu", &max_len) == 1 ||
		    sscanf(argv[i], "-max_total_time=%lu", &seconds) == 1 ||
		    sscanf(argv[i], "-timeout=%lu", &timeout) == 1)
			continue;
		if (strncmp(argv[i], "-artifact_prefix=", 17) == 0)
			artifact_prefix = argv[i] + 17;
		else if (argv[i][0] != '-')
			read_seeds(argv[i]);
	}
	add_seed((const uint8_t *)"", 0);
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	__sanitizer_set_death_callback(save_current);
	end = time(NULL) + (time_t)seconds;
	buffer = malloc(max_len);
	for (; done < runs && time(NULL) < end; done++) {
		const struct input *seed = &seeds[done < seed_count ? done : below(seed_count)];
		size_t size = seed->size, changes = done < seed_count ? 0 : 1 + below(6);

		memcpy(buffer, seed->data, size);
		while (changes--)
			size = mutate(buffer, size);
		alarm((unsigned int)timeout);
		run(buffer, size);
		alarm(0);
	}
	printf("stat::number_of_executed_units: %lu\n", done);
	free(buffer);
	while (seed_count)
		free(seeds[--seed_count].data);
	free(seeds);
	return 0;
}
