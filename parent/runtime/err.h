/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The parent's errors: a kind that code acts on, and a sentence that a person
 * reads. No allocation; the sentence lives where the caller put it.
 */
#pragma once

enum err {
	ERR_NONE = 0,
	ERR_MEMORY,      /* not enough memory, or a fixed table is full */
	ERR_FORMAT,      /* bytes that are not what they should be */
	ERR_RANGE,       /* a value or an address outside what is allowed */
	ERR_NOT_FOUND,   /* no object of that name */
	ERR_STATE,       /* not possible in the object's present state */
	ERR_DEVICE,      /* hardware did not answer, or answered with an error */
	ERR_UNSUPPORTED, /* well formed, but not something that we do */
	ERR_HYPERCALL,   /* the kernel refused a call */
};

/* On every function that returns an enum err. */
#define ERR_CHECKED __attribute__((warn_unused_result))

/* A sentence that says what was wrong and names the value seen. Meaningful only
 * after a function that takes one returned an error. */
struct err_text {
	char text[160];
};

/* Formats the sentence, cut at the buffer's end; `text` may be NULL. Returns
 * `error`, so that a check reads `return err_set(text, ERR_RANGE, "...");`. */
enum err err_set(struct err_text *text, enum err error, const char *format, ...) __attribute__((format(printf, 3, 4)));
