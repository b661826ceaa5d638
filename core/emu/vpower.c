/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of guests' power buttons. One mutex guards it and is held while a button is pressed, so
 * that a device cannot go away under its press().
 */
#include <core/vpower.h>

#include <core/thread.h>
#include <libs/errno.h>

static struct mutex lock = MUTEX_INIT(lock);
static struct list buttons = LIST_INIT(buttons);

void vpower_register(struct vpower *button)
{
	mutex_lock(&lock);
	list_add_tail(&buttons, &button->link);
	mutex_unlock(&lock);
}

void vpower_unregister(struct vpower *button)
{
	mutex_lock(&lock);
	list_del(&button->link);
	mutex_unlock(&lock);
}

int guest_power_button(struct guest *guest)
{
	struct vpower *button;
	int err = -ENODEV;

	mutex_lock(&lock);
	list_for_each_entry(button, &buttons, link) {
		if (button->guest == guest) {
			err = button->press(button);
			break;
		}
	}
	mutex_unlock(&lock);
	return err;
}
