/* SPDX-License-Identifier: Apache-2.0 */
#include "config/nearest.h"
#include "tap.h"

static const char *nearest(const char *wanted)
{
    static const char *const known[] = {"gracePeriod", "margin", "propagation", "readiness",
                                        "stopOn",      "exec",   "stopSignal",  "stopTarget"};
    struct lc_nearest nearest;

    lc_nearest_init(&nearest, wanted);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        lc_nearest_offer(&nearest, known[i], strlen(known[i]));
    return nearest.best ? nearest.best : "none";
}

static void a_letter_too_many_too_few_or_another_is_near(void)
{
    CHECK_STR(nearest("gracePeriode"), "gracePeriod");
    CHECK_STR(nearest("gracPeriod"), "gracePeriod");
    CHECK_STR(nearest("grabePeriod"), "gracePeriod");
    CHECK_STR(nearest("exek"), "exec");
}

static void neighbours_that_changed_places_are_one_mistake(void)
{
    CHECK_STR(nearest("exce"), "exec");
    CHECK_STR(nearest("rgace-epriod"), "gracePeriod");
}

static void case_and_separators_do_not_count(void)
{
    CHECK_STR(nearest("grace-period"), "gracePeriod");
    CHECK_STR(nearest("GRACE_PERIOD"), "gracePeriod");
    CHECK_STR(nearest("STOP_ON"), "stopOn");
}

static void the_nearest_of_several_is_taken(void)
{
    CHECK_STR(nearest("stopSigal"), "stopSignal");
    CHECK_STR(nearest("stopTargt"), "stopTarget");
}

static void what_is_too_different_has_no_neighbour(void)
{
    CHECK_STR(nearest("dependsOn"), "none");
    CHECK_STR(nearest("exit"), "none");
    CHECK_STR(nearest("x"), "none");
    CHECK_STR(nearest(""), "none");
}

static void names_that_are_too_long_have_no_neighbour(void)
{
    char name[LC_NEAREST_MAX + 2];
    struct lc_nearest self;

    memset(name, 'a', sizeof(name));
    name[LC_NEAREST_MAX] = '\0';
    lc_nearest_init(&self, name);
    lc_nearest_offer(&self, name, LC_NEAREST_MAX);
    CHECK(self.best == name);
    name[LC_NEAREST_MAX] = 'a';
    name[LC_NEAREST_MAX + 1] = '\0';
    lc_nearest_init(&self, name);
    lc_nearest_offer(&self, name, LC_NEAREST_MAX);
    CHECK(!self.best);
    lc_nearest_init(&self, "a");
    lc_nearest_offer(&self, name, LC_NEAREST_MAX + 1);
    CHECK(!self.best);
}

int main(void)
{
    TEST(a_letter_too_many_too_few_or_another_is_near);
    TEST(neighbours_that_changed_places_are_one_mistake);
    TEST(case_and_separators_do_not_count);
    TEST(the_nearest_of_several_is_taken);
    TEST(what_is_too_different_has_no_neighbour);
    TEST(names_that_are_too_long_have_no_neighbour);
    return tap_done();
}
