/** What commands exit with. */
export const exitCodes = {
  /** Done; what was checked is in order. */
  good: 0,
  /**
   * What was checked is not in order: a package or log that does not verify, a record that cannot be read,
   * manifests that differ or want care. */
  bad: 1,
  /** The command was called wrongly. */
  usage: 2,
  /** The command could not do its work. */
  failed: 3,
  help: `
Exit codes:
  0  done; what was checked is in order
  1  what was checked is not in order (verify, fsck, normalise, policies lint), or differs (policies diff)
  2  the command was called wrongly
  3  the command could not do its work`,
} as const;
