/**
 * What a data set is before any of its bytes are read: names, hashes, licence, and where it may be found. Plain data;
 * a new set is one new record in datasets/. Knows nothing of disks or networks.
 */
/** One file of a set. `name` is the plain name; on disk it may also be `name.gz`. */
export interface DataFile {
  readonly name: string;
  /** Length of the decompressed bytes: the bound that keeps a forged file from filling the memory. */
  readonly bytes: number;
  /** SHA-256 of the decompressed bytes, lower-case hex; of the gzip file itself where `hashed` says so. */
  readonly sha256: string;
  /** `gzip`: only the hash of the compressed file is published; `bytes` is then a bound, and the file must be gzipped. */
  readonly hashed?: "gzip";
}

/** A Debian package that holds the files, and the absolute directory it installs them in. */
export interface DebianPackage {
  readonly package: string;
  readonly directory: string;
}

export interface DataSource {
  readonly name: string;
  readonly description: string;
  readonly files: readonly DataFile[];
  readonly rows: { readonly train: number; readonly test: number };
  readonly licence: string;
  readonly citation: string;
  readonly debian?: DebianPackage;
  /** Public base addresses; each file is at `address/name.gz`. */
  readonly addresses: readonly string[];
}
