/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame buffer that firmware or a boot loader has set up (device tree: "simple-framebuffer"), as
 * a character device that shows text, and the log. Its state is that of chardev's one sender.
 */
#include <core/chardev.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <libs/textfb.h>

/* The formats of the device-tree binding, and the bytes of a pixel. */
static const struct {
	char name[12];
	uint8_t bytes;
} formats[] = {
	{ "r5g6b5", 2 }, { "x1r5g5b5", 2 }, { "a1r5g5b5", 2 }, { "r8g8b8", 3 },
	{ "x8r8g8b8", 4 }, { "a8r8g8b8", 4 }, { "x8b8g8r8", 4 }, { "a8b8g8r8", 4 },
	{ "x2r10g10b10", 4 }, { "a2r10g10b10", 4 },
};

struct simplefb {
	struct chardev cd;
	struct textfb text;
};

static void simplefb_write(struct chardev *cd, const void *buf, size_t n)
{
	struct simplefb *fb = cd->priv;

	textfb_write(&fb->text, buf, n);
}

static const struct chardev_ops simplefb_ops = { .write = simplefb_write };

/* What the node says. @return 0 or -EINVAL */
static int simplefb_mode(struct device *dev, struct textfb_mode *m, uint64_t *base)
{
	const char *format = dt_string(dev->node, "format", 0);
	char path[128];
	uint64_t size;
	unsigned i;

	m->width = dt_u32_or(dev->node, "width", 0);
	m->height = dt_u32_or(dev->node, "height", 0);
	m->stride = dt_u32_or(dev->node, "stride", 0);
	for (i = 0; format && i < ARRAY_SIZE(formats); i++)
		if (!strcmp(format, formats[i].name))
			m->bytes = formats[i].bytes;
	if (!m->bytes || !m->width || !m->height ||
	    dt_reg(dev->node, 0, base, &size) || *base % 4 || size / m->height < m->stride) {
		dt_path(dev->node, path, sizeof(path));
		log_error("%s: width, height, stride, format and reg do not go together", path);
		return -EINVAL;
	}
	return 0;
}

static int simplefb_probe(struct device *dev)
{
	struct simplefb *fb = heap_zalloc(sizeof(*fb));
	struct textfb_mode m = { 0 };
	uint8_t *cells = NULL;
	uint64_t base = 0;
	int err = fb ? simplefb_mode(dev, &m, &base) : -ENOMEM;

	if (err)
		goto err_free;
	m.base = mem_map_buffer(base, (uint64_t)m.height * m.stride);
	err = m.base ? textfb_init(&fb->text, &m) : -ENOMEM;
	if (err)
		goto err_unmap;
	cells = heap_zalloc(fb->text.cols * fb->text.rows);
	if (cells)
		textfb_set_cells(&fb->text, cells);
	fb->cd.ops = &simplefb_ops;
	fb->cd.priv = fb;
	fb->cd.node = dev->node;
	err = chardev_register(&fb->cd, "screen");
	if (err)
		goto err_unmap;
	dev->priv = fb;
	log_set_screen(&fb->cd);
	log_info("%s: %u x %u pixels, %u x %u characters", fb->cd.name, m.width, m.height,
		 fb->text.cols, fb->text.rows);
	return 0;
err_unmap:
	heap_free(cells);
	if (m.base)
		mem_unmap_device(m.base, (uint64_t)m.height * m.stride);
err_free:
	heap_free(fb);
	return err;
}

static const struct dt_match simplefb_match[] = {
	{ "simple-framebuffer", NULL },
	{ NULL, NULL },
};

DRIVER(simplefb) {
	.name = "simplefb",
	.class = DRIVER_SERIAL,
	.match = simplefb_match,
	.probe = simplefb_probe,
};
