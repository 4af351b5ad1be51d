/** What the comparisons share that take turns: rest between two candidates, and the middle of their times. */

/** Threads that wait for work spin for a while; the next candidate starts when they sleep. */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Of an even number of times, the longer one in the middle. */
export const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
