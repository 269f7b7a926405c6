/* The taps and publishers of sharing.pml. */

/* ================================================= tap ================================================= */

#define MAY_CLAIM(t) (hold[(t) * PINS] == 0 || hold[(t) * PINS + PINS - 1] == 0)
#define OPEN 255

/* Session::release(). The claim on the word ends with the hold. */
#define RELEASE(t, w) \
    d_step { \
        hold[(t) * PINS + (w)] != 0 && ROOM_FOR(1, TAP(t)) -> \
        hold[(t) * PINS + (w)] = 0; \
        STORE(TAP(t), PIN(t, w), 0) \
    }

proctype Tap(byte t) {
    byte g;         /* the generation that it reads */
    byte last;      /* Timeline: the last number that counts in it */
    byte passed;    /* delivered or given up */
    byte delivered; /* the number that it got last */
    byte n, s, w, x;
    last = OPEN;
end_again:
    {
end:    do
        /* Timeline::next(), newest(); Session::claim() */
        :: atomic {
                MAY_CLAIM(t) && memory[HEAD(g)] > passed && last > passed ->
                x = (memory[HEAD(g)] < last -> memory[HEAD(g)] : last);
                n = (passed + INDEX < x + 1 -> x + 1 - INDEX : passed + 1);
                do
                :: n < x -> n++ /* newest(), or next() that has found n gone */
                :: break
                od;
                x = 0;
                w = (hold[t * PINS] == 0 -> 0 : PINS - 1)
            }
            /* TapSegment::try_pin() */
            d_step { LOAD(TAP(t), INDEXED(g, n), s) }
#if defined(MUTANT_CHECK_BEFORE_PIN)
            d_step { LOAD(TAP(t), SEQUENCE(g, s), x) }
#endif
            /* pins::try_pin() */
#if defined(MUTANT_PIN_RELEASED)
            d_step { ROOM_FOR(2, TAP(t)) -> STORE(TAP(t), PIN(t, w), PIN_VALUE(g, s)) }
#else
            d_step { LOCKED_STORE(TAP(t), PIN(t, w), PIN_VALUE(g, s)) }
#endif
            d_step {
#if defined(MUTANT_NO_CHECK)
                x = n;
#elif !defined(MUTANT_CHECK_BEFORE_PIN)
                LOAD(TAP(t), SEQUENCE(g, s), x);
#endif
                if
                :: x == n ->
                    NEVER(torn_frame, memory[PAYLOAD(g, s)] != n);
                    NEVER(number_went_back, n <= delivered);
                    delivered = n;
                    passed = n;
#if defined(MUTANT_UNPIN_BEFORE_READ)
                    STORE(TAP(t), PIN(t, w), 0);
#endif
                    hold[t * PINS + w] = PIN_VALUE(g, s)
                :: else ->
                    EVENT(pin_refused);
                    STORE(TAP(t), PIN(t, w), 0)
                fi;
                n = 0; s = 0; w = 0; x = 0
            }
        :: RELEASE(t, 0)
#if PINS > 1
        :: RELEASE(t, 1)
#endif
#if GENERATIONS > 1
        /* Attachment::take_synced(), Timeline::add(); then what is left of the old generation may be read */
        :: d_step { last == OPEN && g < announced -> last = closed_at[g] }
        /* Timeline::drop_first() */
        :: d_step {
                last != OPEN ->
                EVENT(moved_on);
                if
                :: hold[t * PINS] != 0 || hold[t * PINS + PINS - 1] != 0 -> EVENT(old_frame_held)
                :: else
                fi;
                g++;
                passed = first[g] - 1;
                last = OPEN
            }
#endif
        od
    } unless {
        d_step { life[t] == killed -> life[t] = replaced }
    };
#if TAP_DEATHS
    /* another process in its place, with a session and a page of its own */
    d_step {
        life[t] == welcomed ->
        EVENT(attached_again);
        life[t] = alive;
        g = announced;
        last = OPEN;
        passed = first[g] - 1;
        delivered = 0;
        n = 0; s = 0; w = 0; x = 0
    }
    goto end_again
#endif
}

/* ============================================== publisher ============================================== */

/* One process for each generation: a publisher that gets a new one has nothing more to say in the old. */
proctype Publisher(byte g) {
    byte n, s;
end_not_begun:
    d_step { first[g] != 0 -> n = first[g] }
    {
end:    do
        :: d_step {
                frames < FRAMES && nempty(granted[g]) && DRAINED(PUBLISHER(g)) ->
                /* WritableSegment::take(); the caller fills the slot; publish() up to head. Nothing is loaded in
                 * between, so all can go into the buffer at once. */
                granted[g]?s;
                frames++;
#if !defined(MUTANT_HEAD_FIRST)
                STORE(PUBLISHER(g), PAYLOAD(g, s), 0);
                STORE(PUBLISHER(g), PAYLOAD(g, s), n);
#endif
                STORE(PUBLISHER(g), SEQUENCE(g, s), n);
                STORE(PUBLISHER(g), INDEXED(g, n), s)
            }
            d_step {
                LOCKED_STORE(PUBLISHER(g), HEAD(g), n);
#if defined(MUTANT_HEAD_FIRST)
                STORE(PUBLISHER(g), PAYLOAD(g, s), 0);
                STORE(PUBLISHER(g), PAYLOAD(g, s), n);
#endif
                NEVER(number_again, (published & BIT(n)) != 0);
                published = published | BIT(n);
                if
                :: g < announced -> EVENT(late_frame)
                :: else
                fi;
                s = 0;
                n++;
                /* Publisher::send_ask(): nobody but the daemon sees it, and the daemon does nothing before it */
                asked[g] = 1
            }
        od
    } unless {
        publisher_dead[g]
    }
}
