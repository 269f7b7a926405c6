/* Who may touch a slot, and when: daemon, publishers and taps on the words of pins.h and layout.h.
 *
 * Promises:
 *   torn_frame          no tap ever reads a slot that is being written, or finds another frame than it asked for
 *   no_slot_free        a slot is always free when the publisher needs one
 *   asked_for_ever      a publisher asks once for each seat at the most, before it looks at the pins
 *   pin_outlived_tap    no pin survives its tap, once the publisher has heard of the tap's end
 *   number_again        no sequence number is published twice
 *   number_went_back    no tap is given a lower number after a higher one, over generations too
 *   honest_one_blamed   the daemon finds no fault with a publisher that follows the rules
 *
 * Taps attach at any moment. Taps and publishers can be killed at any step; a tap can also hang up, and attach again
 * with the segment that it has mapped. A publisher whose connection is cut doesn't know, and goes on. A liar is a tap
 * whose pin words say whatever it likes at each load. Each step names the function that it stands for. Left out:
 * messages that say nothing of slots, wake-ups (wake.pml), restarts of the daemon (numbers.pml). */

/* How large: -D on the command line. */
#ifndef TAPS
#define TAPS 2
#endif
#ifndef PINS             /* pin words of each tap: max_pins */
#define PINS 2
#endif
#ifndef LIES             /* pin words of the liar */
#define LIES 0
#endif
#ifndef DEPTH
#define DEPTH 1
#endif
#ifndef STOCK
#define STOCK 1
#endif
#ifndef FRAMES           /* begun in all */
#define FRAMES 4
#endif
#ifndef LEASE            /* numbers that a publisher may use before it has to ask again */
#define LEASE FRAMES
#endif
#ifndef GENERATIONS      /* 1 or 2 */
#define GENERATIONS 1
#endif
#ifndef TAP_DEATHS       /* after each another tap attaches */
#define TAP_DEATHS 0
#endif
#ifndef HANG_UPS         /* after each the same tap attaches again */
#define HANG_UPS 0
#endif
#ifndef RESIZES          /* a publisher may need a larger segment */
#define RESIZES 0
#endif
#ifndef CUTS             /* a publisher's connection may end although it lives */
#define CUTS (GENERATIONS > 1 && !RESIZES)
#endif
#ifndef PUBLISHER_DEATHS
#define PUBLISHER_DEATHS 0
#endif
#ifndef DISMISSALS
#define DISMISSALS 0
#endif

/* GenerationPlan::slots() */
#ifdef MUTANT_ONE_SLOT_LESS
#define SLOTS (DEPTH + STOCK + TAPS * PINS + LIES - 1)
#else
#define SLOTS (DEPTH + STOCK + TAPS * PINS + LIES)
#endif
/* Geometry::of(): a power of two, at least DEPTH + STOCK */
#if DEPTH + STOCK <= 2
#define INDEX 2
#else
#define INDEX 4
#endif

/* each has a page of its own */
#define SESSIONS (TAPS + TAP_DEATHS + HANG_UPS)

/* layout.h: one segment for each generation, then the pin pages. A payload is the number of its frame, or 0 while
 * it is being written. */
#ifdef MUTANT_OLD_SEGMENT
#define SEGMENT_OF(g) 0
#else
#define SEGMENT_OF(g) (g)
#endif
#define HEADER 2
#define SEGMENT (HEADER + INDEX + 2 * SLOTS)
#define HEAD(g) (SEGMENT_OF(g) * SEGMENT)
#define SEATING(g) (SEGMENT_OF(g) * SEGMENT + 1)
#define INDEXED(g, n) (SEGMENT_OF(g) * SEGMENT + HEADER + (n) % INDEX)
#define SEQUENCE(g, s) (SEGMENT_OF(g) * SEGMENT + HEADER + INDEX + (s))
#define PAYLOAD(g, s) (SEGMENT_OF(g) * SEGMENT + HEADER + INDEX + SLOTS + (s))
#define IS_PAYLOAD(a) ((a) < GENERATIONS * SEGMENT && (a) % SEGMENT >= HEADER + INDEX + SLOTS)
#define PIN(session, w) (GENERATIONS * SEGMENT + (session) * PINS + (w))
#define PIN_OF_PAYLOAD(a) ((a) / SEGMENT * SLOTS + (a) % SEGMENT - (HEADER + INDEX + SLOTS) + 1)
#define PIN_VALUE(g, s) (SEGMENT_OF(g) * SLOTS + (s) + 1) /* layout::pin_value() */

#define WORDS (GENERATIONS * SEGMENT + SESSIONS * PINS)
#define DEEP 4
#define TAP(t) (t)
#define PUBLISHER(g) (TAPS + (g))
#define DAEMON (TAPS + GENERATIONS)
#define PROCESSES (TAPS + GENERATIONS + 1)

/* scratch within one step, no part of the state */
hidden byte i_, word_, value_;

hidden byte torn_frame, no_slot_free, asked_for_ever, pin_outlived_tap, number_again, number_went_back,
    honest_one_blamed;
#define NEVER(wrong, condition) wrong = (condition); assert(!wrong)

/* Events that a run must have met, or it proves nothing: `check` wants every one of the list at least once. */
#define EVENT(name) c_code { event_##name++; }
c_decl {
    static unsigned long event_pin_refused, event_kept_by_pin, event_used_again, event_asked, event_learned_new_tap,
        event_asked_on, event_filled_meanwhile, event_change_came_meanwhile, event_numbers_ran_short, event_moved_on,
        event_old_frame_held, event_late_frame, event_orphan_freed_a_slot, event_attached_again, event_confirmed,
        event_left_behind, event_pages_kept, event_dead_page_honoured;
    static void tell_events(void) {
        printf("event pin_refused %lu\n", event_pin_refused);
        printf("event kept_by_pin %lu\n", event_kept_by_pin);
        printf("event used_again %lu\n", event_used_again);
        printf("event asked %lu\n", event_asked);
        printf("event learned_new_tap %lu\n", event_learned_new_tap);
        printf("event filled_meanwhile %lu\n", event_filled_meanwhile);
#if TAPS > 1
        printf("event asked_on %lu\n", event_asked_on);
#endif
#if SESSIONS > 1
        printf("event change_came_meanwhile %lu\n", event_change_came_meanwhile);
#endif
#if LEASE < FRAMES
        printf("event numbers_ran_short %lu\n", event_numbers_ran_short);
#endif
#if GENERATIONS > 1
        printf("event moved_on %lu\n", event_moved_on);
        printf("event old_frame_held %lu\n", event_old_frame_held);
#endif
#if CUTS
        printf("event late_frame %lu\n", event_late_frame);
        printf("event orphan_freed_a_slot %lu\n", event_orphan_freed_a_slot);
#endif
#if TAP_DEATHS
        printf("event attached_again %lu\n", event_attached_again);
        printf("event dead_page_honoured %lu\n", event_dead_page_honoured);
#endif
#if HANG_UPS
        printf("event confirmed %lu\n", event_confirmed);
#if GENERATIONS > 1
        printf("event left_behind %lu\n", event_left_behind);
#endif
#endif
#if RESIZES
        printf("event pages_kept %lu\n", event_pages_kept);
#endif
    }
}

/* ---- what nobody but the model knows ---- */
byte hold[TAPS * PINS];  /* the pin value of each frame that a tap reads, as long as it does */
short published;         /* one bit for each number */
byte frames;             /* begun so far */
#if HANG_UPS
byte hang_ups;           /* so far */
#endif

inline REACHES_MEMORY() {
    if
    :: IS_PAYLOAD(word_) && value_ == 0 ->
        i_ = 0;
        do
        :: i_ < TAPS * PINS -> NEVER(torn_frame, hold[i_] == PIN_OF_PAYLOAD(word_)); i_++
        :: else -> break
        od
    :: else
    fi
}

#include "tso.pml"

/* ---- what goes by message ---- */
/* What the daemon answers stands in the publisher's own variables at once: it doesn't look at them until it takes the
 * answer. */
bit asked[GENERATIONS];
byte known[GENERATIONS];       /* the newest change of who taps that the publisher knows of */
byte page[GENERATIONS * TAPS]; /* of each seat, the session + 1 whose page it knows; 0: empty */
byte target[GENERATIONS];      /* `newest` of the first answer */
byte through[GENERATIONS];     /* the last number that it may publish */
#if RESIZES
bit needs[GENERATIONS];
#endif
byte first[GENERATIONS];
byte closed_at[GENERATIONS];   /* previous_last */
byte announced;                /* the newest generation that taps are told of */

/* ---- life and death ---- */
mtype = { away, seated, alive, killed, gone }; /* seated: and told of a segment; gone: the daemon hasn't noticed */
mtype life[TAPS];
byte session[TAPS];
#if TAP_DEATHS || HANG_UPS
byte hung_up[SESSIONS];      /* the change that this was */
#endif
#if DISMISSALS
bit dismissed[TAPS];
#endif
bit publisher_dead[GENERATIONS];

#define BIT(s) (1 << (s))

#include "sharing_peers.pml"
#include "sharing_daemon.pml"

/* ================================================ the end ============================================== */

#define KILL_TAP(t) \
    d_step { \
        tap_deaths < TAP_DEATHS && life[t] == alive -> \
        tap_deaths++; life[t] = killed; DISCARD(TAP(t)); hold[(t) * PINS] = 0; hold[(t) * PINS + PINS - 1] = 0 \
    }
#define KILL_PUBLISHER(g) \
    d_step { \
        publisher_deaths < PUBLISHER_DEATHS && first[g] != 0 && !publisher_dead[g] -> \
        DISCARD(PUBLISHER(g)); publisher_deaths++; publisher_dead[g] = 1 \
    }

#if TAP_DEATHS || PUBLISHER_DEATHS
/* SIGKILL, at any step of whoever it is */
proctype Death() {
    byte tap_deaths, publisher_deaths;
end:
    do
#if TAP_DEATHS
    :: KILL_TAP(0)
#if TAPS > 1
    :: KILL_TAP(1)
#endif
#endif
#if PUBLISHER_DEATHS
    :: KILL_PUBLISHER(0)
#if GENERATIONS > 1
    :: KILL_PUBLISHER(1)
#endif
#endif
    od
}
#endif

init {
    byte i;
    atomic {
        c_code { atexit(tell_events); }
        i = 0;
        do
        :: i < TAPS -> life[i] = away; run Tap(i); i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < GENERATIONS -> run Publisher(i); i++
        :: else -> break
        od;
        run Daemon();
        run Bus();
#if TAP_DEATHS || PUBLISHER_DEATHS
        run Death();
#endif
        i = 0
    }
}
