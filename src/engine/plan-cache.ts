/** Programs by the shapes they were traced for, the most recently used ones. Dropped ones are made again when needed. */

/** Enough for the length buckets of text and speech. */
const DEFAULT_CAPACITY = 32;

export class PlanCache<Plan extends { dispose(): void }> {
  private readonly plans = new Map<string, Plan>();
  private readonly capacity: number;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.plans.size;
  }

  /** The plan of `key`; made on first use. */
  get(key: string, make: () => Plan): Plan {
    const plan = this.plans.get(key) ?? make();
    // A map remembers insertion order: the first is the least recently used.
    this.plans.delete(key);
    this.plans.set(key, plan);
    for (const [oldest, dropped] of this.plans) {
      if (this.plans.size <= this.capacity) break;
      this.plans.delete(oldest);
      dropped.dispose();
    }
    return plan;
  }

  clear(): void {
    for (const plan of this.plans.values()) plan.dispose();
    this.plans.clear();
  }
}
