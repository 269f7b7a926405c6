/* The taps of wake.pml: tap.cpp and attachment.cpp. */

/* Attachment::news() */
#if GENERATIONS > 1
#define LOOK_FOR_NEWS(t) \
    d_step { LOAD(TAP(t), CHANGES(g), x); news = x != changes_seen; x = 0 } \
    d_step { LOAD(TAP(t), SUPERSEDED(g), x); news = news || (!superseded_seen && x == 1); x = 0 }
#define NOTE_SUPERSEDED(t) d_step { LOAD(TAP(t), SUPERSEDED(g), superseded_seen) }
#else /* that word stays 0 */
#define LOOK_FOR_NEWS(t) d_step { LOAD(TAP(t), CHANGES(g), x); news = x != changes_seen; x = 0 }
#define NOTE_SUPERSEDED(t) skip
#endif

/* Attachment::drain(), take_nudge(), take_synced(), map_announced() */
inline TAKE_MESSAGES(t) {
    do
    :: nempty(to_tap[t]) ->
        to_tap[t]?kind, x, b;
        if
        :: kind == nudge ->
            sync_wanted = sync_wanted || !armed || superseded_seen;
            armed = 0
        :: kind == synced && x == g -> asked = 0; known_live[t] = b
        :: else ->
            EVENT(moved_on);
            asked = 0;
            known_live[t] = b;
            g = x;
            known[t] = x;
            passed[t] = 0;
#if defined(MUTANT_CHANGES_TAKEN_AT_MAPPING)
            changes_seen = memory[CHANGES(g)];
#else
            changes_seen = 0;
#endif
            superseded_seen = 0
        fi
    :: empty(to_tap[t]) -> break
    od;
    kind = 0;
    x = 0;
    b = 0
}

/* Attachment::pump(), sync_if_due() */
#define PUMP(t) \
    d_step { true; TAKE_MESSAGES(t) } \
    LOOK_FOR_NEWS(t); \
    if \
    :: !asked && (sync_wanted || news) -> \
        SEND_SYNC(t) \
    :: asked || !(sync_wanted || news) \
    fi; \
    news = 0

#if defined(MUTANT_CHANGES_SEEN_AFTER_ASKING)
#define SEND_SYNC(t) \
    atomic { to_daemon[t]!sync(g, 0); asked = 1; sync_wanted = 0 } \
    d_step { LOAD(TAP(t), CHANGES(g), changes_seen) } \
    NOTE_SUPERSEDED(t)
#else
#define SEND_SYNC(t) \
    d_step { LOAD(TAP(t), CHANGES(g), changes_seen) } \
    NOTE_SUPERSEDED(t); \
    atomic { to_daemon[t]!sync(g, 0); asked = 1; sync_wanted = 0 }
#endif

/* Timeline: all that is there */
#define TAKE_FRAMES(t) \
    d_step { \
        LOAD(TAP(t), HEAD(g), x); \
        found = x > passed[t]; \
        passed[t] = (found -> x : passed[t]); \
        x = 0 \
    }

proctype Tap(byte t) {
    byte g;               /* newest_ */
    byte changes_seen;
    byte superseded_seen; /* a bit, but loaded like the others */
    bit asked, sync_wanted, armed;
    byte x, wake_seen, was;
    mtype kind;
    bit b, found, news;
end_nothing_announced:
    opened;
again:
    if
#if SLEEPERS
    :: !WATCHES(t) ->
        /* Tap::wait_for(), look() */
#if !defined(MUTANT_WAKE_LOADED_LATE)
        d_step { LOAD(TAP(t), WAKE(g), wake_seen) }
#endif
        was = g;
        LOOK_FOR_NEWS(t);
        b = asked || sync_wanted || superseded_seen == 1 || news;
        news = 0;
        if
        :: b -> b = 0; PUMP(t)
        :: !b
        fi;
        TAKE_FRAMES(t);
        if
        :: found || was != g -> found = 0; wake_seen = 0; was = 0; goto again
        :: else -> was = 0
        fi;
        /* Tap::sleep() */
        LOOK_FOR_NEWS(t);
        if
        :: asked || sync_wanted || superseded_seen == 1 || news ->
            news = 0; wake_seen = 0;
            /* Attachment::wait(): the answer is on its way */
end_answer: nempty(to_tap[t]) || !asked
        :: else ->
#if defined(MUTANT_WAKE_LOADED_LATE)
            d_step { LOAD(TAP(t), WAKE(g), wake_seen) }
#endif
            FUTEX_WAIT(t, g, wake_seen);
            wake_seen = 0;
end_futex:  sleeps_on[t] == 0
        fi
#endif
#if WATCHERS
    :: WATCHES(t) ->
        /* Tap::try_next(), called until it has nothing */
        TAKE_FRAMES(t);
        if
        :: !found -> PUMP(t); TAKE_FRAMES(t)
        :: found
        fi;
        if
        :: found -> found = 0; goto again
        :: !found
        fi;
        /* Attachment::arm() */
        if
        :: atomic { !armed -> to_daemon[t]!arm(g, passed[t]); armed = 1 }
        :: armed
        fi;
        /* poll() by the user */
end_poll: nempty(to_tap[t])
#endif
    fi;
    goto again
}
