/**
 * Progress on stderr: one line that rewrites itself on a terminal, a plain line every few seconds elsewhere (logs, CI).
 * Knows nothing of training; it is told how much is done. Time comes in as a function, so tests need no clock.
 */
import type { CliContext } from "./context.ts";

export interface ProgressState {
  /** What is going on: `epoch 2/3`. */
  readonly label: string;
  readonly done: number;
  /** 0 or NaN when unknown: no bar and no time left then. */
  readonly total: number;
  /** Numbers worth seeing, in order; those that are not finite are shown as they are. */
  readonly numbers?: Readonly<Record<string, number>>;
}

export interface Progress {
  update(state: ProgressState): void;
  /** Ends the line in place, so that other output starts on its own line. */
  end(): void;
}

/** Milliseconds between two drawings: often enough to look alive, or seldom enough for a log. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;
const BAR_WIDTH = 24;

type Screen = Pick<CliContext, "stderr" | "terminal" | "columns">;

/** `now` in milliseconds, from any origin. */
export function createProgress(screen: Screen, now: () => number = () => performance.now()): Progress {
  const interval = screen.terminal ? TERMINAL_INTERVAL : LOG_INTERVAL;
  let started: number | undefined;
  let firstDone = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = "";
  let latest = "";

  const draw = (line: string) => {
    if (screen.terminal) {
      const fitted = line.slice(0, Math.max(1, screen.columns - 1));
      screen.stderr(`\r${fitted.padEnd(drawn.length)}`);
      drawn = fitted;
    } else if (line !== drawn) {
      screen.stderr(`${line}\n`);
      drawn = line;
    }
  };

  return {
    update(state) {
      const time = now();
      if (started === undefined) {
        started = time;
        // Work that a resumed run had already done says nothing about the speed of this one.
        firstDone = state.done;
      }
      latest = progressLine(state, time - started, firstDone);
      if (time - drawnAt < interval) return;
      drawnAt = time;
      draw(latest);
    },
    end() {
      if (latest === "") return;
      draw(latest);
      if (screen.terminal) screen.stderr("\n");
      latest = "";
      drawn = "";
      started = undefined;
      drawnAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The line of a state after `elapsed` milliseconds, of which the first `firstDone` steps took none. */
export function progressLine(state: ProgressState, elapsed: number, firstDone = 0): string {
  const { label, done, total, numbers = {} } = state;
  const known = total > 0;
  const fraction = known ? Math.min(1, Math.max(0, done / total)) : 0;
  const filled = Math.round(fraction * BAR_WIDTH);
  const parts = [label];
  if (known)
    parts.push(`${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${Math.floor(fraction * 100)}%`);
  parts.push(...Object.entries(numbers).map(([name, value]) => `${name} ${formatNumber(value)}`));
  const left = (elapsed * (total - done)) / (done - firstDone);
  if (known && done > firstDone && done < total && Number.isFinite(left))
    parts.push(`${formatDuration(left)} left`);
  return parts.join("  ");
}

/** Four significant digits, with an exponent where zeros would hide them; numbers that are not finite by their name. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toString();
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(3);
  return Number.parseFloat(value.toPrecision(4)).toString();
}

/** `42 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
