/* SPDX-License-Identifier: MIT */
/* Severities stay apart for those who see fewer colours. */
#include "tui/palette.h"

#include <math.h>

#include "tests/unit/util.h"

/*
 * G. M. Machado, M. M. Oliveira, L. A. F. Fernandes: A Physiologically-based Model for
 * Simulation of Color Vision Deficiency, IEEE TVCG 15(6), 2009; severity 1.0, on linear
 * RGB.
 */
/* clang-format off */
static const struct {
	const char *name;
	double m[3][3];
} eyes[] = {
	{"all colours", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
	{"protanopia", {
	    {0.152286, 1.052583, -0.204868},
	    {0.114503, 0.786281, 0.099216},
	    {-0.003882, -0.048116, 1.051998}}},
	{"deuteranopia", {
	    {0.367322, 0.860646, -0.227968},
	    {0.280085, 0.672501, 0.047413},
	    {-0.011820, 0.042940, 0.968881}}},
	{"tritanopia", {
	    {1.255528, -0.076749, -0.178779},
	    {-0.078411, 0.930809, 0.147602},
	    {0.004733, 0.691367, 0.303900}}},
};
/* clang-format on */

/* A colour of xterm's cube (16..231), linear. */
static void
linear_of(int colour, double out[3])
{
	static const int steps[] = {0, 95, 135, 175, 215, 255};
	const int at[] = {
	    (colour - 16) / 36, (colour - 16) / 6 % 6, (colour - 16) % 6};

	assert_true(colour >= 16 && colour < 232);
	for (int i = 0; i < 3; i++) {
		double c = steps[at[i]] / 255.0;

		out[i] =
		    c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
	}
}

static double
cie_f(double t)
{
	return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

static void
seen_by(size_t eye, int colour, double lab[3])
{
	double rgb[3], seen[3], x, y, z;

	linear_of(colour, rgb);
	for (int i = 0; i < 3; i++) {
		const double *m = eyes[eye].m[i];

		seen[i] = m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2];
		seen[i] = fmin(1, fmax(0, seen[i]));
	}
	x = 0.4124564 * seen[0] + 0.3575761 * seen[1] + 0.1804375 * seen[2];
	y = 0.2126729 * seen[0] + 0.7151522 * seen[1] + 0.0721750 * seen[2];
	z = 0.0193339 * seen[0] + 0.1191920 * seen[1] + 0.9503041 * seen[2];
	x = cie_f(x / 0.95047);
	y = cie_f(y);
	z = cie_f(z / 1.08883);
	lab[0] = 116 * y - 16;
	lab[1] = 500 * (x - y);
	lab[2] = 200 * (y - z);
}

static double
distance(size_t eye, int one, int other)
{
	double a[3], b[3];

	seen_by(eye, one, a);
	seen_by(eye, other, b);
	return sqrt(
	    pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2));
}

static double
contrast(int colour, double background)
{
	double rgb[3], y;

	linear_of(colour, rgb);
	y = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
	return y > background ? (y + 0.05) / (background + 0.05)
			      : (background + 0.05) / (y + 0.05);
}

static const enum rt_role severities[] = {
    RT_ROLE_GOOD, RT_ROLE_WARN, RT_ROLE_BAD};

static double
least_distance(enum rt_theme t, size_t eye)
{
	double least = HUGE_VAL;

	for (unsigned i = 0; i < RT_COUNT_OF(severities); i++)
		for (unsigned j = 0; j < i; j++)
			least = fmin(least,
			    distance(eye,
				rt_palette_look(t, severities[i]).of_256,
				rt_palette_look(t, severities[j]).of_256));
	return least;
}

static void
simulations_agree_with_what_is_known(void **state)
{
	(void)state;
	/* Pure red and pure green, ideal observer: CIE76 170.6. */
	assert_within(distance(0, 196, 46), 170.6, 0.2);
	/* Greys are grey to everyone. */
	for (size_t e = 0; e < RT_COUNT_OF(eyes); e++)
		assert_within(
		    distance(e, 102, 145), distance(0, 102, 145), 0.5);
	/* A red and a green of one lightness: what this is all about. */
	assert_true(distance(0, 160, 64) > 100);
	assert_true(distance(2, 160, 64) < 30);
}

static void
good_warn_and_bad_differ_for_every_eye_in_every_theme(void **state)
{
	(void)state;
	for (unsigned t = 0; t < RT_THEME_COUNT; t++) {
		if (t == RT_THEME_MONO)
			continue;
		for (size_t e = 0; e < RT_COUNT_OF(eyes); e++) {
			double d = least_distance((enum rt_theme)t, e);

			print_message("%s, %s: %.0f\n",
			    rt_theme_name((enum rt_theme)t), eyes[e].name, d);
			assert_true(d >= RT_PALETTE_APART);
		}
	}
}

static void
the_safe_theme_is_the_widest_and_suits_any_background(void **state)
{
	(void)state;
	for (size_t e = 1; e < RT_COUNT_OF(eyes); e++)
		assert_true(least_distance(RT_THEME_SAFE, e) >= 50);
	for (unsigned i = 0; i < RT_COUNT_OF(severities); i++) {
		int c = rt_palette_look(RT_THEME_SAFE, severities[i]).of_256;

		assert_true(contrast(c, 0) >= 3);
		assert_true(contrast(c, 1) >= 3);
	}
}

static void
severity_shows_without_colours(void **state)
{
	(void)state;
	for (unsigned t = 0; t < RT_THEME_COUNT; t++)
		for (unsigned i = 0; i < RT_COUNT_OF(severities); i++)
			for (unsigned j = 0; j < i; j++)
				assert_int_not_equal(
				    rt_palette_look(
					(enum rt_theme)t, severities[i])
					.mono,
				    rt_palette_look(
					(enum rt_theme)t, severities[j])
					.mono);
	for (unsigned r = 0; r < RT_ROLE_COUNT; r++)
		assert_int_equal(
		    rt_palette_look(RT_THEME_MONO, (enum rt_role)r).of_256, -1);
}

static void
themes_go_by_their_names(void **state)
{
	enum rt_theme t = RT_THEME_LIGHT;

	(void)state;
	for (unsigned i = 0; i < RT_THEME_COUNT; i++) {
		assert_true(rt_theme_from(rt_theme_name((enum rt_theme)i), &t));
		assert_int_equal(t, i);
	}
	t = RT_THEME_LIGHT;
	assert_false(rt_theme_from("solarized", &t));
	assert_int_equal(t, RT_THEME_LIGHT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(simulations_agree_with_what_is_known),
	    cmocka_unit_test(
		good_warn_and_bad_differ_for_every_eye_in_every_theme),
	    cmocka_unit_test(
		the_safe_theme_is_the_widest_and_suits_any_background),
	    cmocka_unit_test(severity_shows_without_colours),
	    cmocka_unit_test(themes_go_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
