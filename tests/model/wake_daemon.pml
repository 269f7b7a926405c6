/* The daemon of wake.pml: stream.cpp, stream_generations.cpp and generation.cpp. */

bit needs; /* the publisher wants another segment */

/* Stream::nudge() */
inline NUDGE(t) {
    armed[t] = 0;
    if
    :: !nudged[t] -> nudged[t] = 1; assert(nfull(to_tap[t])); to_tap[t]!nudge, 0, 0
    :: else -> EVENT(nudge_saved)
    fi
}

/* Generation::announce_change() */
#if defined(MUTANT_CHANGES_AFTER_WAKE)
#define ANNOUNCE_CHANGE(g) BUMP(DAEMON, g); FUTEX_WAKE(DAEMON, g) d_step { LOCKED_ADD(DAEMON, CHANGES(g)) }
#else
#define ANNOUNCE_CHANGE(g) d_step { LOCKED_ADD(DAEMON, CHANGES(g)) } BUMP(DAEMON, g); FUTEX_WAKE(DAEMON, g)
#endif

/* Stream::tell_change() */
#define TELL_CHANGE() \
    changes++; \
    ANNOUNCE_CHANGE(g); \
    d_step { \
        t = 0; \
        do \
        :: t < TAPS -> NUDGE(t); t++ \
        :: else -> break \
        od; \
        t = 0 \
    }

/* Stream::nudge_armed() */
inline NUDGE_ARMED() {
    t = 0;
    do
    :: t < TAPS ->
        if
        :: armed[t] && (armed_g[t] != g || accepted > armed_n[t]) -> NUDGE(t)
        :: else
        fi;
        t++
    :: else -> break
    od;
    t = 0
}

/* Stream::disarm_if_nobody_waits() */
#if defined(MUTANT_DISARMED_TOO_SOON)
#define SOMEBODY_WAITS 0
#else
#define SOMEBODY_WAITS (armed[0] || armed[TAPS - 1])
#endif
inline DISARM_IF_NOBODY_WAITS() {
    if
    :: live && !SOMEBODY_WAITS -> memory[ARMED(g)] = 0
    :: else
    fi
}

/* Stream::take_in_published(), on_frames() */
inline LOOK_AT_HEAD() {
    LOAD(DAEMON, HEAD(g), x);
    fresh = x > accepted;
    revived = fresh && !live;
    live = live || fresh;
    accepted = x;
    x = 0
}
#define TAKE_IN() d_step { true; LOOK_AT_HEAD() } ON_FRAMES()
#define ON_FRAMES() \
    if \
    :: !fresh \
    :: fresh -> \
        if \
        :: revived -> TELL_CHANGE() \
        :: !revived \
        fi; \
        d_step { DRAINED(DAEMON) -> NUDGE_ARMED(); DISARM_IF_NOBODY_WAITS(); fresh = 0; revived = 0 } \
    fi

/* Stream::set_state(), to anything but live */
#define NOT_LIVE() \
    d_step { LOCKED_STORE(DAEMON, ARMED(g), 1); live = 0 } \
    TELL_CHANGE()

/* Stream::open_generation(). Its publisher may have begun before the wish was there to be seen. */
#if defined(MUTANT_OPENED_UNARMED)
#define WISH() skip
#else
#define WISH() d_step { DRAINED(DAEMON) -> memory[ARMED(g)] = !live }
#endif
#if defined(MUTANT_OPENED_WITHOUT_LOOKING)
#define OPEN_GENERATION() WISH()
#else
#define OPEN_GENERATION() \
    WISH(); \
    d_step { true; LOOK_AT_HEAD(); COUNT_EARLY_FRAMES() } ON_FRAMES()
#endif
inline COUNT_EARLY_FRAMES() {
    if
    :: fresh -> EVENT(frame_before_opening)
    :: else
    fi
}

/* Stream::arm(), after which it is told of the next frame, or of one that is there */
#if defined(MUTANT_ARMED_RELEASED)
#define SET_ARMED() d_step { ROOM_FOR(1, DAEMON) -> STORE(DAEMON, ARMED(g), 1) }
#else
#define SET_ARMED() d_step { LOCKED_STORE(DAEMON, ARMED(g), 1) }
#endif
#if defined(MUTANT_ARM_WITHOUT_LOOKING)
#define HEAD_NOW() x = accepted
#else
#define HEAD_NOW() LOAD(DAEMON, HEAD(g), x)
#endif

proctype Daemon() {
    byte g, t, x, y, z, changes, stales, who;
    mtype kind;
    bit fresh, revived;
    bit nudged[TAPS], armed[TAPS];
    byte armed_g[TAPS], armed_n[TAPS], seen[TAPS];
end:
    do
    /* Broker::on_publisher_message(): poke, ask; mapped came before them */
    :: d_step { told && !mapped -> told = 0; LOOK_AT_HEAD() } ON_FRAMES()
    /* mapped: Generation::announce_successor(), Stream::open_generation(). What else comes between the two changes
     * nothing but the stream's state. */
#if GENERATIONS > 1
    :: d_step { mapped -> mapped = 0; g = made; accepted = 0 }
        if
        :: opened ->
            d_step { ROOM_FOR(1, DAEMON) -> STORE(DAEMON, SUPERSEDED(g - 1), 1) }
            ANNOUNCE_CHANGE(g - 1);
            TELL_CHANGE();
            announced = g
        :: !opened
        fi;
#else
    :: d_step { mapped -> mapped = 0 }
#endif
        OPEN_GENERATION();
        opened = 1
#if STALES
    /* Stream::check_clocks() */
    :: d_step { live && stales < STALES -> stales++ }
        NOT_LIVE();
#if !defined(MUTANT_STALE_WITHOUT_SECOND_LOOK)
        TAKE_IN()
#endif
    :: d_step { stales < STALES -> stales = STALES } /* that never happens */
#endif
#if REPORTS
    /* Stream::report() */
    :: d_step { reported && !mapped -> reported = 0; LOOK_AT_HEAD() } ON_FRAMES();
        if
        :: live ->
            NOT_LIVE();
#if !defined(MUTANT_ENDED_WITHOUT_SECOND_LOOK)
            TAKE_IN()
#endif
        :: !live
        fi
#endif
#if GENERATIONS > 1
    /* Stream::make_generation(), close_generation(), and `segment` */
    :: d_step { needs && !mapped -> needs = 0; LOOK_AT_HEAD() } ON_FRAMES();
        TELL_CHANGE();
        made = g + 1
#endif
    :: atomic {
            if
            :: to_daemon[0]?kind, y, z -> who = 0
            :: to_daemon[TAPS - 1]?kind, y, z -> who = TAPS - 1
            fi
        }
        if
        /* Stream::sync() */
        :: d_step {
                kind == sync ->
                nudged[who] = 0;
                seen[who] = changes;
                assert(nfull(to_tap[who]));
                to_tap[who]!synced, g, live
            }
#if WATCHERS
        /* Stream::arm() */
        :: d_step {
                kind == arm ->
#if !defined(MUTANT_NUDGED_KEPT)
                nudged[who] = 0;
#endif
                armed[who] = 1;
                armed_g[who] = y;
                armed_n[who] = z;
#if !defined(MUTANT_ARM_IGNORES_CHANGES)
                if
                :: seen[who] != changes -> NUDGE(who)
                :: else
                fi
#endif
            }
            if
            :: armed[who] ->
                SET_ARMED();
                d_step {
                    true;
                    HEAD_NOW();
                    if
                    :: g != armed_g[who] || x > armed_n[who] -> EVENT(told_at_once); NUDGE(who)
                    :: else
                    fi;
                    x = 0
                }
                d_step { DRAINED(DAEMON) -> DISARM_IF_NOBODY_WAITS() }
            :: !armed[who]
            fi
#endif
        fi;
        kind = 0; y = 0; z = 0; who = 0
    od
}
