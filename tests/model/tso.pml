/* x86-TSO: the memory of an x86, as Owens, Sarkar and Sewell describe it. Included by each model, which first
 * defines WORDS (of shared memory), PROCESSES and DEEP (stores that a buffer holds), and the inline
 * REACHES_MEMORY(), which looks at each store that does: value_ at word_.
 *
 * Every process has a first-in-first-out buffer of stores between itself and memory. Its plain stores go into the
 * buffer, and at any later moment, one by one, to memory; its loads look into its own buffer first. A locked
 * instruction (xchg, lock xadd, mov with mfence: what compilers make of seq_cst stores and of every
 * read-modify-write) waits until the buffer is empty. So does a system call that tells another process something,
 * because of the locks that it takes.
 *
 * In terms of C++: store(relaxed or release) = STORE; store(seq_cst), exchange, fetch_add = LOCKED_STORE,
 * LOCKED_ADD; any load = LOAD. TSO can't tell relaxed, acquire and seq_cst loads apart, nor relaxed and release
 * stores: for those see weak/.
 *
 * All of these stand inside a d_step, the locked ones first in it, because they wait. Before a STORE there must be
 * ROOM_FOR it, or DRAINED. */

typedef Buffer {
    byte length;
    byte word[DEEP];
    byte value[DEEP];
};

byte memory[WORDS];
Buffer buffer[PROCESSES];

#define DRAINED(p) (buffer[p].length == 0)
#define ROOM_FOR(stores, p) (buffer[p].length + (stores) <= DEEP) /* a processor whose buffer is full waits */

inline LOAD(p, a, into) {
    into = memory[a];
    i_ = 0;
    do
    :: i_ < buffer[p].length ->
        if
        :: buffer[p].word[i_] == (a) -> into = buffer[p].value[i_]
        :: else
        fi;
        i_++
    :: else -> break
    od
}

inline STORE(p, a, v) {
    assert(ROOM_FOR(1, p));
    buffer[p].word[buffer[p].length] = a;
    buffer[p].value[buffer[p].length] = v;
    buffer[p].length++
}

inline LOCKED_STORE(p, a, v) {
    DRAINED(p);
    memory[a] = v
}

inline LOCKED_ADD(p, a) {
    DRAINED(p);
    memory[a]++
}

/* What p has issued and nobody has seen yet never was, as if p had been killed a few instructions earlier. */
inline DISCARD(p) {
    buffer[p].length = 0;
    i_ = 0;
    do
    :: i_ < DEEP ->
        buffer[p].word[i_] = 0;
        buffer[p].value[i_] = 0;
        i_++
    :: else -> break
    od
}

/* The oldest store of p reaches memory. */
inline FLUSH(p) {
    word_ = buffer[p].word[0];
    value_ = buffer[p].value[0];
    memory[word_] = value_;
    REACHES_MEMORY();
    buffer[p].length--;
    i_ = 0;
    do
    :: i_ < DEEP - 1 ->
        buffer[p].word[i_] = buffer[p].word[i_ + 1];
        buffer[p].value[i_] = buffer[p].value[i_ + 1];
        i_++
    :: else -> break
    od;
    buffer[p].word[DEEP - 1] = 0;
    buffer[p].value[DEEP - 1] = 0
}

/* What lies between the buffers and memory: takes one store at a time, of any process, whenever it likes. */
#define FLUSHES(p) d_step { !DRAINED(p) -> FLUSH(p) }
proctype Bus() {
end:
    do
    :: FLUSHES(0)
    :: FLUSHES(1)
#if PROCESSES > 2
    :: FLUSHES(2)
#endif
#if PROCESSES > 3
    :: FLUSHES(3)
#endif
#if PROCESSES > 4
    :: FLUSHES(4)
#endif
    od
}
#if PROCESSES > 5
#error "one more line above for each process"
#endif
