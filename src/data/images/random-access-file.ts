/** Bytes of a file by place, read when asked for. A file that is gone or too short is the user's to mend, not a crash. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { unreadable } from "../../base/errors.ts";

export class RandomAccessFile {
  readonly path: string;
  readonly bytes: number;
  private readonly handle: number;

  /** Throws FILE_UNREADABLE. */
  constructor(path: string) {
    this.path = path;
    this.handle = attempt(path, () => openSync(path, "r"));
    try {
      const status = attempt(path, () => fstatSync(this.handle));
      if (!status.isFile()) throw unreadable(path, "it is not a file");
      this.bytes = status.size;
    } catch (error) {
      closeSync(this.handle);
      throw error;
    }
  }

  /** `length` bytes from `offset` on, fewer at the end of the file. Throws FILE_UNREADABLE. */
  read(offset: number, length: number): Uint8Array {
    const target = new Uint8Array(Math.max(0, Math.min(length, this.bytes - offset)));
    let done = 0;
    while (done < target.length) {
      const count = attempt(this.path, () =>
        readSync(this.handle, target, done, target.length - done, offset + done),
      );
      if (count === 0) break;
      done += count;
    }
    return done === target.length ? target : target.subarray(0, done);
  }

  close(): void {
    closeSync(this.handle);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
